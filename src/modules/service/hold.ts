import { type Action, change, type On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { bringFileBack, type Kept, keepFile, storeFile } from '../files/keep.ts'
import { holds, readText } from '../target.ts'
import { findService, type Service, type Supervisor, type TableLine, type Unit } from './find.ts'

const dropIn = (unit: string, name: string) => `/etc/systemd/system/${unit}.d/${name}.conf`
/** The drop-in by which a unit is pointed at a new home. */
export const pointingFile = (unit: string): string => dropIn(unit, 'upgrade-fleet')
const holding = '[Service]\nRestart=no\n'
const mark = '#upgrade-fleet-hold# '

type HeldUnits = readonly { readonly unit: string; readonly enabled: boolean }[]
type HeldLinks = readonly { readonly link: string; readonly to: string }[]

/** What was held: the names of all of it; units and whether a boot started them, links of init.d, files in which lines became comments. */
export type Held = {
  readonly held: readonly string[]
  readonly units: HeldUnits
  readonly links: HeldLinks
  readonly files: readonly string[]
}
type Memory = { readonly units: HeldUnits; readonly links: HeldLinks; readonly files: readonly Kept[] }

/**
 * Nothing but a person starts the service until it is undone: its unit is disabled and does not `Restart=`, the links of its init
 * script are taken away, lines of rc.local and cron become comments. It stays as it is, running or not. A unit that something
 * else starts (a timer, a socket) is refused.
 *
 * @example
 * service.hold({ name: 'wso2am', path: '/opt/wso2/wso2am-1.9.1' })
 */
export const hold: (service: Service) => Action<Held> = change<Service, Held, Memory>('service.hold', {
  async check(on, service, memory) {
    const { supervisors } = await findService(on, service)
    if (supervisors.some(awake)) return undefined
    return heldBy(memory ?? { units: [], links: [], files: [] })
  },
  async remember(on, service) {
    const awakened = (await findService(on, service)).supervisors.filter(awake)
    refuse(on, awakened)
    const links = awakened.flatMap((one) => (one.kind === 'sysv' ? one.links : []))
    const to = await Promise.all(
      links.map(async (link) => ({
        link,
        to: (await on.must(sh.read`readlink -- ${link}`)).replace(/\n$/, ''),
      })),
    )
    const files = [...new Set(awakened.flatMap((one) => (one.kind === 'line' ? [one.file] : [])))]
    const kept: Kept[] = []
    for (const file of files) kept.push(await keepFile(on, file, true))
    return {
      units: awakened.flatMap((one) =>
        one.kind === 'systemd' ? [{ unit: one.unit, enabled: isEnabled(one) }] : [],
      ),
      links: to,
      files: kept,
    }
  },
  async apply(on, service, memory) {
    await holdUnits(on, memory)
    const { supervisors } = await findService(on, service)
    for (const kept of memory.files) {
      const lines = supervisors.filter((one): one is TableLine => one.kind === 'line').map(({ line }) => line)
      const text = await readText(on, kept.path)
      await storeFile(on, kept, { source: { text: commented(text, lines) } })
    }
    const left = (await findService(on, service)).supervisors.filter(awake)
    if (left.length > 0)
      throw new TaskError(`${on.name}: something still starts it by itself`, left.map(shown))
    return heldBy(memory)
  },
  async undo(on, _service, memory) {
    await freeUnits(on, memory)
    for (const kept of memory.files) await bringFileBack(on, kept)
  },
})

/** Units that neither a boot nor their own end starts, and links of init.d away. */
export async function holdUnits(on: On, { units, links }: Pick<Held, 'units' | 'links'>): Promise<void> {
  for (const { unit, enabled } of units) {
    const file = dropIn(unit, 'zz-upgrade-fleet-hold')
    await on.must(sh`mkdir -p -- "$(dirname -- ${file})"`)
    await on.put({ text: holding }, file, { mode: 0o644 })
    await on.must(enabled ? sh`systemctl disable -- ${unit} && systemctl daemon-reload` : reload)
  }
  for (const { link } of links) await on.must(sh`rm -f -- ${link}`)
}

/** The way back of {@link holdUnits}. */
export async function freeUnits(on: On, { units, links }: Pick<Held, 'units' | 'links'>): Promise<void> {
  for (const { unit, enabled } of units) {
    const file = dropIn(unit, 'zz-upgrade-fleet-hold')
    await on.must(
      sh`rm -f -- ${file}; rmdir -- "$(dirname -- ${file})" 2>/dev/null; ${enabled ? sh`systemctl enable -- ${unit} &&` : sh``} systemctl daemon-reload`,
    )
  }
  for (const { link, to } of links) await on.must(sh`[ -L ${link} ] || ln -s -- ${to} ${link}`)
}

/** Whether units, links and lines of files are as they are when nothing holds them. Reads. */
export async function areFree(on: On, { units, links, files }: Omit<Held, 'held'>): Promise<boolean> {
  const drops = units.map(({ unit }) => dropIn(unit, 'zz-upgrade-fleet-hold'))
  return holds(
    on,
    sh.read`for f in ${drops}; do [ ! -e "$f" ] || exit 1; done
for l in ${links.map(({ link }) => link)}; do [ -L "$l" ] || exit 1; done
for f in ${files}; do [ -f "$f" ] && ! grep -q ${`^${mark}`} -- "$f" || exit 1; done
for u in ${units.flatMap(({ unit, enabled }) => (enabled ? [unit] : []))}; do systemctl is-enabled -q -- "$u" || exit 1; done`,
  )
}

const reload = sh`systemctl daemon-reload`
const isEnabled = ({ enabled }: Unit): boolean =>
  ['enabled', 'enabled-runtime', 'generated'].includes(enabled)
const heldBy = ({ units, links, files }: Memory): Held => ({
  held: [
    ...units.map(({ unit }) => unit),
    ...links.map(({ link }) => link),
    ...files.map(({ path }) => path),
  ],
  units,
  links,
  files: files.map(({ path }) => path),
})

/** Whether it would start the service by itself. */
export function awake(one: Supervisor): boolean {
  if (one.kind === 'sysv') return one.links.length > 0
  return one.kind === 'line' || isEnabled(one) || one.restart !== 'no' || one.triggeredBy.length > 0
}

/** How a supervisor is told to a person. */
export const shown = (one: Supervisor): string =>
  one.kind === 'systemd'
    ? `${one.unit} (${one.enabled}, Restart=${one.restart}${one.triggeredBy.map((by) => `, started by ${by}`).join('')})`
    : one.kind === 'sysv'
      ? one.script
      : `${one.file}: ${one.line}`

/** Throws {@link TaskError} for what starts the service and cannot be held here. */
export function refuse(on: On, awakened: readonly Supervisor[]): void {
  const others = awakened.filter(
    (one) =>
      (one.kind === 'systemd' && one.triggeredBy.length > 0) ||
      (one.kind === 'line' && one.file === 'crontab'),
  )
  if (others.length > 0)
    throw new TaskError(
      `${on.name}: this starts it too, and only a person can hold it; do that, then run again`,
      others.map(shown),
    )
}

/** The text with those lines as comments. */
export const commented = (text: string, lines: readonly string[]): string =>
  text
    .split('\n')
    .map((line) => (lines.includes(line.trim()) ? `${mark}${line}` : line))
    .join('\n')

/** The text with the lines that {@link commented} made comments as they were. */
export const uncommented = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line.startsWith(mark) ? line.slice(mark.length) : line))
    .join('\n')

/** Settings of a unit's `[Service]`: the environment by names, commands as words. */
export type Pointing = {
  readonly unit: string
  readonly environment?: Readonly<Record<string, string>>
  readonly execStart?: readonly string[]
  readonly execStop?: readonly string[]
  /** Other settings, as they are to stand there: `{ PIDFile: '/opt/...' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** The text of the drop-in. Throws a {@link TypeError} for what cannot stand in one. */
export function pointingText({ environment = {}, execStart, execStop, settings = {} }: Pointing): string {
  const word = (text: string, dollar: string) => {
    if (/[\0\n\r]/.test(text)) throw new TypeError(`A unit's setting has one line: ${JSON.stringify(text)}`)
    return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', dollar)}"`
  }
  const exec = (key: string, words: readonly string[] | undefined) =>
    words === undefined ? [] : [`${key}=`, `${key}=${words.map((each) => word(each, '$$$$')).join(' ')}`]
  return `${[
    '[Service]',
    ...Object.entries(environment).map(([name, value]) => `Environment=${word(`${name}=${value}`, '$$')}`),
    ...exec('ExecStart', execStart),
    ...exec('ExecStop', execStop),
    ...Object.entries(settings).map(([key, value]) => {
      if (!/^[A-Za-z]+$/.test(key) || /[\0\n\r]/.test(value))
        throw new TypeError(`${key} cannot stand in a unit.`)
      return `${key}=${value}`
    }),
  ].join('\n')}\n`
}

/**
 * Points a unit at a new home by a drop-in, which its own file stays under; what stood in that drop-in before is kept. It counts
 * from the next start. Undo brings the old one back.
 *
 * @example
 * service.pointTo({ unit: 'wso2am.service', environment: { CARBON_HOME: '/opt/wso2/wso2am-3.0.0' } })
 */
export const pointTo = change<Pointing, { readonly file: string }, Kept>('service.pointTo', {
  async check(on, pointing) {
    const file = pointingFile(pointing.unit)
    const said = await on.must(question(file, pointing.unit))
    const at = said.indexOf('\ntext\n')
    const settled = said.slice(0, at).split('\n').includes('NeedDaemonReload=no')
    return settled && said.slice(at + '\ntext\n'.length) === pointingText(pointing) ? { file } : undefined
  },
  async remember(on, { unit }) {
    return keepFile(on, pointingFile(unit), false)
  },
  async apply(on, pointing, kept) {
    await on.must(sh`mkdir -p -- "$(dirname -- ${kept.path})"`)
    await storeFile(on, kept, { source: { text: pointingText(pointing) }, mode: '0644' })
    await on.must(reload)
    return { file: kept.path }
  },
  async undo(on, _pointing, kept) {
    await bringFileBack(on, kept)
    await on.must(sh`rmdir -- "$(dirname -- ${kept.path})" 2>/dev/null; systemctl daemon-reload`)
  },
})

const question = (file: string, unit: string): Command =>
  sh.read`systemctl show -p NeedDaemonReload -- ${unit} && echo text && { [ ! -f ${file} ] || cat -- ${file}; }`
