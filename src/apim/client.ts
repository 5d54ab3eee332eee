import { change, type On, restored } from '../model/action.ts'
import { type Command, sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import type { Secret } from '../model/secret.ts'
import { forget, unpackAnew } from '../modules/archives/unarchive.ts'
import { clock, pauses, readText } from '../modules/target.ts'
import {
  type ClientName,
  causeSign,
  type Evidence,
  type Expectation,
  evidenceLines,
  expectations,
  reasons,
  textsOf,
  watched,
} from './evidence.ts'
import { fatalSigns, startedSign } from './health-signs.ts'
import { type MigrationRange, migrationConfig } from './migration-config.ts'
import { endServers, type LogMark, logLines, markLog, serversOf } from './server.ts'
import { withPassword } from './vault.ts'

/** Something out of a zip that a client needs in its home: a directory or file of the zip by its name, and where it goes. */
export type Placed = {
  readonly zip: string
  readonly sha256: string
  readonly from: string
  readonly to: string
}

/** One run of a migration client: a start of the full server with flags, in a home that nothing is served from. */
export type ClientRun = {
  readonly client: ClientName
  readonly home: string
  readonly javaHome: string
  readonly flags: readonly string[]
  readonly place: readonly Placed[]
  /** The identity client's configuration is made safe and narrowed to this range. */
  readonly range?: MigrationRange
  /** A client that works on after the server has started (or may do so) ends with one of these lines, or when the log falls silent. */
  readonly ends?: readonly string[]
  /** Deadline in seconds. */
  readonly timeout?: number
  /** How long the log must be silent, in seconds. */
  readonly quiet: number
  /** What secure vault is told at the start, where the home uses it. */
  readonly vault?: Secret
}

/**
 * Puts the client's files in place, starts the server in the foreground with its flags, waits for the client's end,
 * stops the server, proves it gone, and takes the files away again. Its output is evidence, judged by a gate.
 */
export const client = change('apim.client', {
  async remember(on, run: ClientRun) {
    return { since: await markLog(on, run.home) }
  },
  async apply(on, run, { since }): Promise<Evidence> {
    await endServers(on, run.home)
    await place(on, run)
    on.say(`the client "${run.client}" runs in ${run.home}`)
    const steps = run.range === undefined ? [] : await configure(on, run, run.range)
    const { started, tail } = await runServer(on, run, since)
    const { allowed }: Expectation = expectations[run.client]
    const lines = await logLines(on, run.home, since, watched(run.client), evidenceLines, textsOf(allowed))
    const said = await logLines(on, run.home, since, [causeSign], evidenceLines, textsOf(allowed))
    await clear(on, run)
    return { client: run.client, lines, started, steps, tail, causes: reasons(said).slice(0, 20) }
  },
  undo: restored,
})

async function place(on: On, { home, place: placed }: ClientRun): Promise<void> {
  const temp = `${await on.keep()}/unzipped`
  for (const [at, { zip, sha256, from, to }] of placed.entries()) {
    const target = `${home}/${to}`
    await unpackAnew(on, { src: zip, sha256, dest: temp, format: 'zip', verify: 'mark' }, `unpack-${at}`)
    await on.must(
      sh`set -e; mkdir -p -- ${target}
d=$(find ${temp} -name ${from} | awk '{ print length($0), $0 }' | sort -n | head -n 1 | cut -d ' ' -f 2-)
[ -n "$d" ] || { echo "the archive lacks what the client needs" >&2; exit 3; }
if [ -d "$d" ]; then cp -a -- "$d"/. ${target}/; (cd -- "$d" && find . -type f); else cp -a -- "$d" ${target}/; basename -- "$d"; fi > ${`${temp}.names`}
while IFS= read -r n; do printf '%s/%s\n' ${target} "$n"; done < ${`${temp}.names`} >> ${placedList(home)}`,
      { timeout: 600 },
    )
    await forget(on, temp)
  }
}

const placedList = (home: string): string => `${home}/.upgrade-fleet-placed`

// Only what was put there goes: the home's own resources of the same directory stay.
async function clear(on: On, { home }: ClientRun): Promise<void> {
  await on.must(
    sh`[ ! -f ${placedList(home)} ] || { while IFS= read -r f; do rm -rf -- "$f"; done < ${placedList(home)}; rm -f -- ${placedList(home)}; }`,
  )
}

async function configure(on: On, { home }: ClientRun, range: MigrationRange): Promise<readonly string[]> {
  const path = `${home}/migration-resources/migration-config.yaml`
  const { text, steps } = migrationConfig(await readText(on, path), range)
  await on.put({ text }, path, { mode: 0o644, signal: on.signal })
  on.say(`${steps.length} steps of identity ${range.from} to ${range.to} are asked for`)
  return steps
}

/** A client's start: in the foreground, so that its output is the job's, and with nothing of the caller's environment. */
export const clientCommand = ({
  home,
  javaHome,
  flags,
}: Pick<ClientRun, 'home' | 'javaHome' | 'flags'>): Command =>
  sh`cd -- ${`${home}/bin`} && exec env -u CARBON_HOME -u JAVACMD -u JVM_MEM_OPTS -u JAVA_OPTS JAVA_HOME=${javaHome} ./wso2server.sh ${flags} </dev/null`

async function runServer(on: On, run: ClientRun, since: LogMark) {
  const { home } = run
  const job = await withPassword(on, { home, vault: run.vault, seconds: 600 }, since, () =>
    on.job('client', clientCommand(run)),
  )
  const tail: string[] = []
  const onLine = (line: string) => {
    if (tail.push(line) > 8) tail.shift()
  }
  try {
    return { started: await waitForEnd(on, run, since, () => job.running()), tail }
  } finally {
    await endServers(on, home)
    await job.wait({ timeout: 60, signal: on.signal, onLine })
    await job.cancel()
  }
}

async function waitForEnd(
  on: On,
  run: ClientRun,
  since: LogMark,
  running: () => Promise<boolean>,
): Promise<boolean> {
  const { home, ends, timeout = 4 * 3600, quiet } = run
  const begun = clock()
  let size = ''
  let changed = clock()
  const rest = pauses(on)
  for (;;) {
    const lines = await logLines(on, home, since, [startedSign, ...(ends ?? []), ...textsOf(fatalSigns)])
    const has = (texts: readonly string[]) => lines.some((line) => texts.some((text) => line.includes(text)))
    const started = has([startedSign])
    if (started && (ends === undefined || has(ends))) return true
    if (has(textsOf(fatalSigns))) return false
    const alive = (await running()) || (await serversOf(on, home)).length > 0
    if (!alive) return started
    const now = JSON.stringify(await markLog(on, home))
    if (now !== size) [size, changed] = [now, clock()]
    if (started && clock() - changed > quiet) return true
    if (clock() - begun > timeout)
      throw new TaskError(`The client "${run.client}" has not ended in ${timeout} seconds`, lines.slice(-5))
    await rest()
  }
}
