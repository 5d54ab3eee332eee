import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, relative } from 'node:path'
import { inspectJournal } from '../../journal/file.ts'
import { lookAtLock } from '../../journal/lock.ts'
import { type KeptRun, listRecords } from '../../journal/runs.ts'
import type { Io } from '../../model/io.ts'
import { sanitize } from '../../model/sanitize.ts'
import { fold } from '../../model/state.ts'
import { about, type Finding, lookAt, modeText, sizeText } from './finding.ts'

const little = 256 * 1024 * 1024

/** The state directory: whose it is, who can read it, whether git would take it, its room, its lock, and runs that did not end. */
export async function lookAtState(io: Io, state: string): Promise<readonly Finding[]> {
  const found = await lookAt(state)
  return [
    ...(await lookAtDirectory(io, state, found)),
    ...(await lookAtRoom(state)),
    ...(found === undefined ? [] : await lookAtRuns(state)),
  ]
}

async function lookAtDirectory(
  io: Io,
  state: string,
  found: Awaited<ReturnType<typeof lookAt>>,
): Promise<readonly Finding[]> {
  const { fine, note, wrong } = about('state')
  const shown = relative(io.cwd, state) || '.'
  const ignored = await isIgnored(io, state)
  const git =
    ignored === false
      ? [
          wrong(
            `${shown} is not ignored by git: journals and inventories would be committed`,
            `echo '${shown}/' >> .gitignore`,
          ),
        ]
      : []
  if (found === undefined) return [note(`${shown} is not there yet: the first run makes it`), ...git]
  if (!found.isDirectory()) return [wrong(`${shown}: expected a directory`), ...git]
  if (io.uid !== undefined && found.uid !== io.uid)
    return [
      wrong(`${shown}: expected a directory of yours (uid ${io.uid}), got one of uid ${found.uid}`),
      ...git,
    ]
  if ((found.mode & 0o077) !== 0)
    return [
      wrong(
        `${shown}: others may look into it or write to it (mode ${modeText(found.mode)})`,
        `chmod 700 '${shown}'`,
      ),
      ...git,
    ]
  return [fine(`${shown} is yours alone${ignored === true ? ', and ignored by git' : ''}`), ...git]
}

/** Whether git leaves a path out; undefined where there is no git, or no repository. */
const isIgnored = (io: Io, path: string): Promise<boolean | undefined> =>
  new Promise((resolve) => {
    const env = { PATH: io.env['PATH'] ?? '/usr/bin:/bin', HOME: io.home }
    const options = { cwd: io.cwd, env, timeout: 5000 }
    // With a slash: what is not there yet is a directory too.
    execFile('git', ['check-ignore', '-q', '--', `${path}/`], options, (error) => {
      if (error === null) resolve(true)
      else resolve(error.code === 1 ? false : undefined)
    })
  })

async function lookAtRoom(state: string): Promise<readonly Finding[]> {
  const { fine, wrong } = about('disk')
  let path = state
  while ((await lookAt(path)) === undefined && dirname(path) !== path) path = dirname(path)
  const room = await statfs(path).catch(() => undefined)
  if (room === undefined) return []
  const free = room.bavail * room.bsize
  if (free >= little) return [fine(`${sizeText(free)} free for journals and logs`)]
  return [
    wrong(
      `${sizeText(free)} free at ${path}: a run stops when its journal cannot be written`,
      'Make room, or name another place: --state DIR',
    ),
  ]
}

async function lookAtRuns(state: string): Promise<readonly Finding[]> {
  const found = await lookAtLock(state).catch((error: Error) => error)
  const lock = found instanceof Error ? undefined : found
  const locked = found instanceof Error ? about('lock').error(found) : locks(found)
  const kept = await listRecords(state).catch((error: Error) => error)
  const runs = about('runs')
  if (kept instanceof Error) return [...locked, ...runs.error(kept)]
  const ends = await Promise.all(kept.map(async (run) => ({ run, end: await endOf(run) })))
  const isRunning = (id: string) => lock?.lives === true && lock.holder.run.endsWith(id)
  const back = new Set(
    ends.flatMap(({ run, end }) => (end === 'ok' && run.record.of !== undefined ? [run.record.of] : [])),
  )
  const open = ends.flatMap(({ run, end }): readonly Finding[] => {
    const { id } = run.folder
    const of = run.record.of ?? id
    if (isRunning(of) || back.has(of)) return []
    if (end === 'damaged')
      return [runs.wrong(`${id}: its journal is damaged`, `upgrade-fleet verify-journal ${id}`)]
    if (end === 'not ended')
      return [runs.wrong(`${id} has not ended: ${sanitize(run.record.playbook)}`, goOn(run))]
    if (end === undefined || end === 'ok' || run.record.of !== undefined) return []
    return [runs.note(`${id} ended ${end}: ${sanitize(run.record.playbook)}`, goOn(run))]
  })
  const count = `${kept.length} ${kept.length === 1 ? 'run' : 'runs'}`
  return [...locked, ...(open.length > 0 ? open : [runs.fine(`${count}, none of them open`)])]
}

const goOn = ({ record, folder }: KeptRun): string =>
  record.of === undefined
    ? `upgrade-fleet resume ${folder.id}; or: upgrade-fleet rollback ${folder.id}`
    : `upgrade-fleet rollback ${record.of}`

/** How a run ended where somebody should know: not for those that went well, were taken back, changed nothing, or only looked. */
async function endOf({ folder }: KeptRun): Promise<string | undefined> {
  const read = await inspectJournal(folder.journal).catch(() => undefined)
  if (read === undefined || read.tooNew) return undefined
  if (read.damage !== undefined) return 'damaged'
  const { outcome, check } = fold(read.events)
  if (check || outcome === 'rolled-back' || outcome === 'blocked') return undefined
  return outcome ?? 'not ended'
}

function locks(lock: Awaited<ReturnType<typeof lookAtLock>>): readonly Finding[] {
  const { note, wrong } = about('lock')
  if (lock === undefined) return []
  const { run, user, machine, pid, since } = lock.holder
  const who = sanitize(`${run} of ${user} on ${machine} (pid ${pid}) since ${since}`)
  const id = run.replace(/^rollback of /, '')
  if (lock.lives) return [note(`held by ${who}, which is at work`)]
  if (machine !== hostname())
    return [
      wrong(
        `held by ${who}: whether it is still at work is only known there`,
        `If that machine is gone for good: upgrade-fleet unlock --run ${id}`,
      ),
    ]
  return [
    wrong(
      `held by ${who}, whose process is gone; the next run takes it over, the locks on its hosts are left`,
      `upgrade-fleet resume ${id}; or: upgrade-fleet rollback ${id}`,
    ),
  ]
}
