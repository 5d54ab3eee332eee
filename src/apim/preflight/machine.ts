import { type On, observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { ask, clock, linesOf } from '../../modules/target.ts'
import { releaseOf } from '../releases.ts'
import { type Finding, finding, tell } from './finding.ts'

/** What a machine must have before anything is changed. */
export type Needs = {
  readonly base: string
  readonly backups: string
  readonly javaHome: string
  /** Versions whose servers will run there, clients among them. */
  readonly versions: readonly string[]
  /** Programs; alternatives between bars. */
  readonly needs: readonly string[]
  readonly gib: number
  /** Homes that must not be there yet. */
  readonly fresh: readonly string[]
}

/** Finds what is missing on a machine before anything is changed: programs, the JDK, room, rights, leftovers. */
export const ready = observe(
  'apim.ready',
  async (on, { base, backups, javaHome, versions, needs, gib, fresh }: Needs) => {
    const missing = await ask(
      on,
      sh.read`for t in ${needs}; do for n in $(printf '%s' "$t" | tr '|' ' '); do command -v "$n" >/dev/null && continue 2; done; printf '%s\n' "$t"; done; :`,
    )
    const said = (await ask(on, sh.read`${javaHome}/bin/java -version 2>&1`)).stdout
    const java = said.match(/version "([^"]+)"/)?.[1] ?? ''
    const problems = [
      ...linesOf(missing.stdout).map((tool) =>
        finding('tools', `${on.name} has no ${tool.replaceAll('|', ' or ')}`, 'install it'),
      ),
      ...javaProblems(javaHome, java, versions),
      ...(await room(on, base, gib)),
      ...(await room(on, backups, 1)),
      ...(await leftovers(on, fresh)),
    ]
    return { ...tell(on, 'the machine', problems), java }
  },
  { steady: ({ java }) => java },
)

/** What is against a Java for these versions. The number of a Java before 9 stands after `1.`. */
export function javaProblems(
  javaHome: string,
  java: string,
  versions: readonly string[],
): readonly Finding[] {
  const major = Number(java.match(/^(?:1\.)?(\d+)/)?.[1] ?? 0)
  const refused = versions.filter((version) => !(releaseOf(version)?.java.accepted.includes(major) ?? false))
  return [
    ...(refused.length === 0
      ? []
      : [
          finding(
            'java',
            `${javaHome} is Java ${java || 'unknown'}, but ${refused.map((each) => `${each} wants ${releaseOf(each)?.java.said ?? 'another'}`).join(', ')}`,
            'give java_home a Java that all of them take: 8 is right from 1.10.0 to 3.0.0',
          ),
        ]),
    ...(java === '1.8.0_151'
      ? [
          finding(
            'java-151',
            `${javaHome} is Java ${java}, which the vendor says to avoid`,
            'take another build of Java 8',
          ),
        ]
      : []),
  ]
}

const fewestInodes = 100_000

async function room(on: On, base: string, gib: number): Promise<readonly Finding[]> {
  const up = sh.read`d=${base}; while [ ! -d "$d" ]; do d=$(dirname -- "$d"); done`
  const { stdout } = await ask(
    on,
    sh.read`${up}; df -Pk -- "$d" | awk 'NR == 2 { print $4 }'; df -Pi -- "$d" 2>/dev/null | awk 'NR == 2 { print $2, $4 }'; [ -w "$d" ] && echo writable; :`,
  )
  const [free, inodes = ''] = linesOf(stdout)
  return roomProblems(base, gib, Number(free), inodes, stdout.endsWith('writable\n'))
}

/** What is against a place for new files: KiB free, inodes as `all free` (0 or `-` where there is no such number), and whether we may write there. */
export function roomProblems(
  base: string,
  gib: number,
  free: number,
  inodes: string,
  writable = true,
): readonly Finding[] {
  const [all, left] = inodes.split(' ').map(Number)
  return [
    ...(writable
      ? []
      : [
          finding(
            'unwritable',
            `${base} cannot be written by this user`,
            'make it writable for the user that the inventory logs in with',
          ),
        ]),
    ...(free < gib * 1024 * 1024
      ? [
          finding(
            'disk',
            `${base} has ${Math.floor(free / 1024)} MiB free, ${gib * 1024} are wanted`,
            'make room',
          ),
        ]
      : []),
    ...(all !== undefined && all > 0 && left !== undefined && left < fewestInodes
      ? [
          finding(
            'inodes',
            `${base} has ${left} inodes free, ${fewestInodes} are wanted`,
            'remove small files, or take another file system',
          ),
        ]
      : []),
  ]
}

async function leftovers(on: On, homes: readonly string[]): Promise<readonly Finding[]> {
  const { stdout } = await ask(on, sh.read`for f in ${homes}; do [ ! -e "$f" ] || printf '%s\n' "$f"; done`)
  return linesOf(stdout).map((home) =>
    finding('leftovers', `${home} is there already, and an upgrade makes it anew`, 'move it away'),
  )
}

const mostSkew = 5

/** Compares the machine's clock with that of another host of the run: no clock of ours is asked, which may be the one that is wrong. */
export const clocks = observe(
  'apim.clocks',
  async (on, { other }: { other: string }) => {
    const peer = await on.peer(other)
    const before = clock()
    const theirs = await peer.exec(sh.read`date +%s`, { signal: on.signal })
    const own = Number((await ask(on, sh.read`date +%s`)).stdout)
    const between = clock() - before
    if (theirs.kind !== 'exit') return { warnings: [] }
    return tell(on, 'the clock', skewed(on.name, other, own - Number(theirs.stdout), between))
  },
  { steady: () => null },
)

/** What is against a clock that is so many seconds ahead of another, asked within some seconds. */
export function skewed(name: string, other: string, ahead: number, within: number): readonly Finding[] {
  return Math.abs(ahead) <= mostSkew + within
    ? []
    : [
        finding(
          'clock-skew',
          `the clock of ${name} is ${Math.abs(Math.round(ahead))} seconds ${ahead > 0 ? 'ahead of' : 'behind'} that of ${other}`,
          'set both by NTP',
        ),
      ]
}
