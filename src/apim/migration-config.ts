import { isMap, isSeq, parseDocument, type YAMLMap } from 'yaml'
import { TaskError } from '../model/errors.ts'

/** From which identity level to which; steps that must not run here, by their names. */
export type MigrationRange = { readonly from: string; readonly to: string; readonly drop: readonly string[] }

/**
 * The identity client's configuration made safe: on, the versions set, and stopping at the first error (as shipped, it
 * goes on after errors and has placeholders for versions). Steps are dropped by name, since their order differs between
 * releases. Also gives the lines by which the log must name each step that is left.
 */
export function migrationConfig(
  source: string,
  { from, to, drop }: MigrationRange,
): { text: string; steps: readonly string[] } {
  const document = parseDocument(source, { uniqueKeys: true })
  if (document.errors.length > 0 || !isMap(document.contents))
    throw new TaskError(
      `migration-config.yaml cannot be read: ${document.errors[0]?.message ?? 'it is no map'}`,
    )
  const root = document.contents as unknown as YAMLMap
  const settings = {
    migrationEnable: 'true',
    currentVersion: from,
    migrateVersion: to,
    continueOnError: 'false',
    ignoreForInactiveTenants: 'false',
  }
  for (const [key, value] of Object.entries(settings)) {
    const node = document.createNode(value)
    node.type = 'QUOTE_DOUBLE'
    root.set(key, node)
  }
  const versions = root.get('versions')
  if (!isSeq(versions)) throw new TaskError('migration-config.yaml has no list of versions')
  const steps: string[] = []
  for (const version of versions.items) {
    if (!isMap(version)) continue
    const number = String(version.get('version'))
    const list = version.get('migratorConfigs') ?? version.get('migrators')
    if (!isSeq(list)) continue
    list.items = list.items.filter((item) => !isMap(item) || !drop.includes(String(item.get('name'))))
    if (inRange(number, from, to))
      steps.push(...list.items.flatMap((item) => (isMap(item) ? [stepLine(number, item)] : [])))
  }
  return { text: document.toString({ lineWidth: 0 }), steps }
}

const stepLine = (version: string, step: YAMLMap): string =>
  `Version : ${version}, Migration Step : ${String(step.get('name'))} of order : ${String(step.get('order'))} is starting`

function inRange(version: string, from: string, to: string): boolean {
  const number = (text: string) =>
    text.split('.').reduce((sum, part) => sum * 1000 + Number.parseInt(part, 10), 0)
  return number(version) > number(from) && number(version) <= number(to)
}
