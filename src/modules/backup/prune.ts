import { change, type On, observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { absolute } from '../files/look.ts'
import { ask, linesOf } from '../target.ts'
import { verified } from './verify.ts'

export type PruneInput = {
  /** The directory of backups, which has one below it for each run. */
  readonly to: string
  /** How many good sets stay, the newest ones, and never less than 1; default 3. */
  readonly keep?: number | undefined
  /** Sets of fewer days than this stay whatever they are; default 30. A run that is to be resumed or rolled back is hardly older. */
  readonly days?: number | undefined
  /** Runs whose sets stay, beside those that the journals of this controller say may still be resumed or rolled back: runs of another controller. */
  readonly needed?: readonly string[] | undefined
}

/** A run's directory of backups, and what becomes of it. */
export type BackupSet = {
  readonly run: string
  readonly bytes: number
  readonly days: number
  /** Its artefacts, as paths. */
  readonly artefacts: readonly string[]
  /** Why it stays; null for one that goes. */
  readonly stays: string | null
}

type Found = Omit<BackupSet, 'stays'> & { readonly names: readonly string[] }

const runName = '[0-9]{8}-[0-9]{6}-[0-9a-f]{4}'
const long = { timeout: 24 * 3600 }

/**
 * The sets below a directory of backups, newest first, with what {@link prune} would do with each and why: what a plan shows. Reads
 * alone, and reads the artefacts of the sets that are to stay whole.
 *
 * @example
 * backup.sets({ to: '/srv/app', keep: 3, days: 30 })
 */
export const sets = observe('backup.sets', async (on, input: PruneInput) => ({
  sets: await decided(on, input),
}))

/**
 * Removes sets of backups that are old and needed by nothing. What always stays: this run's; the newest `keep` that read back whole, and
 * if none does, all; what is younger than `days`; what a manifest beside the sets names; what a run needs that this controller may still
 * resume or roll back; the bases of what stays; what has no artefact yet; directories that are no run's. Undo brings nothing back.
 *
 * @example
 * backup.prune({ to: '/srv/app', keep: 3, days: 30 })
 */
export const prune = change<PruneInput, { removed: string[]; bytes: number }>('backup.prune', {
  async check(on, input) {
    const going = (await decided(on, input)).filter(({ stays }) => stays === null)
    return going.length === 0 ? { removed: [], bytes: 0 } : undefined
  },
  async diff(on, input) {
    const going = (await decided(on, input)).filter(({ stays }) => stays === null)
    return going.map(({ run, bytes, days, artefacts }) => ({
      path: `${input.to}/${run}`,
      before: `${Math.ceil(bytes / 1048576)} MiB, ${days} days old\n${artefacts.map((file) => `${file}\n`).join('')}`,
      after: '',
    }))
  },
  async apply(on, input) {
    const going = (await decided(on, input)).filter(({ stays }) => stays === null)
    for (const { run, bytes } of going) {
      // Renamed first: what is half removed is no set any more.
      await on.must(
        sh`cd -- ${input.to} && mv -T -- ${run} ${`.upgrade-fleet-pruned-${run}`} && rm -rf -- .upgrade-fleet-pruned-*`,
        long,
      )
      on.say(`${input.to}/${run} was removed: ${Math.ceil(bytes / 1048576)} MiB`)
    }
    await on.must(sh`cd -- ${input.to} && rm -rf -- .upgrade-fleet-pruned-*`, long)
    return { removed: going.map(({ run }) => run), bytes: going.reduce((sum, { bytes }) => sum + bytes, 0) }
  },
  async undo(on, { to }) {
    on.say(`what was removed from ${to} stays removed: nothing needed it`)
  },
})

async function decided(on: On, input: PruneInput): Promise<readonly BackupSet[]> {
  const { to, keep = 3, days = 30 } = input
  absolute(to)
  if (!Number.isInteger(keep) || keep < 1) throw new TaskError(`keep: ${keep}: at least 1 set has to stay`)
  const { sets: found, named } = await setsIn(on, to)
  const open = await on.needed(found.map(({ run }) => run))
  const stays = new Map<string, string>()
  const good: string[] = []
  for (const set of found) {
    const why = await reason(on, set)
    if (why !== undefined) stays.set(set.run, why)
  }
  if (good.length === 0) for (const { run } of found) stays.set(run, 'no set reads back whole')
  // What a set that stays is made upon stays with it, and so on.
  for (let before = -1; before !== stays.size; ) {
    before = stays.size
    for (const { run, names } of found)
      if (stays.has(run))
        for (const name of names) if (!stays.has(name)) stays.set(name, `the set of ${run} needs it`)
  }
  return found.map(({ names: _, ...set }) => ({ ...set, stays: stays.get(set.run) ?? null }))

  async function reason(machine: On, set: Found): Promise<string | undefined> {
    if (set.run === machine.run) return 'it is of this run'
    if (set.artefacts.length === 0) return 'it has no artefact that is whole'
    if (good.length < keep) {
      const wrong = await firstWrong(machine, set.artefacts)
      if (wrong !== undefined) return `it is not whole: ${wrong}`
      good.push(set.run)
      return `it is good, and number ${good.length} of ${keep}`
    }
    if (input.needed?.includes(set.run)) return 'its run is said to need it'
    if (open.includes(set.run)) return 'its run may still be resumed or rolled back'
    if (named.includes(set.run)) return 'a manifest names it'
    if (set.days < days) return `it is ${set.days} days old, of ${days}`
    return undefined
  }
}

async function firstWrong(on: On, artefacts: readonly string[]): Promise<string | undefined> {
  for (const file of artefacts)
    try {
      await verified(on, file)
    } catch (error) {
      if (!(error instanceof TaskError)) throw error
      return error.message.split('\n')[0]
    }
  return undefined
}

async function setsIn(
  on: On,
  to: string,
): Promise<{ readonly sets: readonly Found[]; readonly named: readonly string[] }> {
  const { code, stdout, stderr } = await ask(
    on,
    sh.read`cd -- ${to} || exit 1
printf 'now %s\n' "$(date +%s)"
for d in [0-9]*-[0-9]*-*; do
case $d in *[!0-9a-f-]*) continue ;; esac
if [ ! -d "$d" ] || [ -L "$d" ]; then continue; fi
printf 'set %s %s\n' "$d" "$(du -sk -- "$d" | cut -f 1)"
for f in "$d"/*.proof; do if [ -f "$f" ]; then printf 'proof %s\n' "$f"; fi; done
for f in "$d"/*.proof "$d"/*.json; do if [ -f "$f" ]; then grep -aohE -e ${runName} -- "$f" | sort -u | sed "s/^/names $d /"; fi; done
done
for f in ./*; do if [ -f "$f" ]; then grep -aohE -e ${runName} -- "$f" | sort -u | sed 's/^/named /'; fi; done`,
    long,
  )
  if (code !== 0) throw new TaskError(`${to} on ${on.name} cannot be looked at`, [stderr.trim()])
  const lines = linesOf(stdout).map((line) => line.split(' '))
  const [, now = '0'] = lines.find(([what]) => what === 'now') ?? []
  const ofRun = (what: string, run: string) => lines.filter(([each, of]) => each === what && of === run)
  const sets = lines
    .filter(([what, run = '']) => what === 'set' && new RegExp(`^${runName}$`).test(run))
    .map(([, run = '', kib = '0']) => ({
      run,
      bytes: Number(kib) * 1024,
      days: Math.floor((Number(now) - secondsOf(run)) / 86_400),
      artefacts: linesOf(stdout)
        .filter((line) => line.startsWith(`proof ${run}/`))
        .map((line) => `${to}/${line.slice('proof '.length, -'.proof'.length)}`),
      names: ofRun('names', run).map(([, , name = '']) => name),
    }))
    .sort((a, b) => (a.run < b.run ? 1 : -1))
  return { sets, named: lines.filter(([what]) => what === 'named').map(([, run = '']) => run) }
}

/** When a run began, out of its name, in seconds since 1970. */
function secondsOf(run: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-/.exec(run)?.map(Number) ?? []
  return Date.UTC(year ?? 1970, (month ?? 1) - 1, day, hour, minute, second) / 1000
}
