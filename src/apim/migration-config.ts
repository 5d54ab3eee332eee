import { TaskError } from '../model/errors.ts'
import { shownText } from '../model/secret.ts'
import type { DataEdit } from '../modules/edit/json.ts'
import { editYaml, readYaml } from '../modules/edit/yaml.ts'

/** From which identity level to which; steps that must not run here, by their names. */
export type MigrationRange = {
  readonly from: string
  readonly to: string
  readonly drop: readonly string[]
  /** Tenants that are not active: migrated with the others, or left as they are. */
  readonly inactive?: 'migrate' | 'leave' | undefined
}

/**
 * The identity client's configuration made safe: on, the versions set, and stopping at the first error (as shipped, it
 * goes on after errors and has placeholders for versions). Steps are dropped by name, since their order differs between
 * releases. Also gives the lines by which the log must name each step that is left.
 */
export function migrationConfig(
  source: string,
  { from, to, drop, inactive }: MigrationRange,
): { text: string; steps: readonly string[] } {
  const file = 'migration-config.yaml'
  const settings = {
    migrationEnable: 'true',
    currentVersion: from,
    migrateVersion: to,
    continueOnError: 'false',
    ignoreForInactiveTenants: inactive === 'leave' ? 'true' : 'false',
  }
  const set = Object.entries(settings).map(([at, value]): DataEdit => ({ at, value, create: true }))
  const dropped = versionsIn(source, file).flatMap(({ list, steps }) =>
    steps.flatMap(({ name }): DataEdit[] =>
      drop.includes(name) ? [{ at: `${list}[name=${JSON.stringify(name)}]`, remove: true }] : [],
    ),
  )
  const text = shownText(editYaml(source, [...set, ...dropped], file))
  const steps = versionsIn(text, file).flatMap(({ version, steps: left }) =>
    inRange(version, from, to) ? left.map((step) => stepLine(version, step)) : [],
  )
  return { text, steps }
}

type Step = { readonly name: string; readonly order: string }

function versionsIn(source: string, file: string) {
  const versions = readYaml(source, 'versions', file)
  if (!Array.isArray(versions)) throw new TaskError(`${file} has no list of versions`)
  return versions.flatMap((each: unknown, at) => {
    if (!isMap(each)) return []
    const key = 'migratorConfigs' in each ? 'migratorConfigs' : 'migrators'
    const list = Array.isArray(each[key]) ? each[key].filter(isMap) : []
    const steps = list.map((step): Step => ({ name: String(step['name']), order: String(step['order']) }))
    return [{ version: String(each['version']), list: `versions[${at}].${key}`, steps }]
  })
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const stepLine = (version: string, { name, order }: Step): string =>
  `Version : ${version}, Migration Step : ${name} of order : ${order} is starting`

function inRange(version: string, from: string, to: string): boolean {
  const number = (text: string) =>
    text.split('.').reduce((sum, part) => sum * 1000 + Number.parseInt(part, 10), 0)
  return number(version) > number(from) && number(version) <= number(to)
}
