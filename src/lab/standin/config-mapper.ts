import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'smol-toml'
import { encryptingProcessor } from '../cipher.ts'
import { readText } from './home.ts'
import { type Level, logTime } from './log.ts'
import { atLeast, type Server } from './server.ts'

const resources = 'repository/resources/conf'
const toml = 'repository/conf/deployment.toml'

/**
 * The configuration step of 3.0.0, before there is a log: renders `repository/conf` from `deployment.toml` when the
 * toml, a template or a rendered file is not what it was. Answers false where the file is invalid.
 */
export function configure(server: Server): boolean {
  if (!atLeast(server, '3.0.0')) return true
  const say = (level: Level, name: string, message: string) =>
    server.machine.say(`[${logTime(new Date())}] ${level.padStart(5)} {${name}} - ${message}`)
  const text = readText(server.home, toml)
  if (text === undefined) {
    say(
      'WARN',
      'org.wso2.config.mapper.ConfigParser',
      `deployment.toml not found at ${join(server.home, toml)}`,
    )
    return true
  }
  let values: ReadonlyMap<string, string>
  try {
    if (server.faulty('bad-toml')) throw new Error('Invalid TOML document: unexpected end of key')
    values = infer(server, withSecrets(flatten(parse(text))))
  } catch (error) {
    say('ERROR', 'org.wso2.config.mapper.TomlParser', String(error).split('\n')[0] ?? '')
    server.machine.say(
      'SEVERE {org.wso2.carbon.server.Main handleConfiguration} - Error while performing configuration changes',
    )
    return false
  }
  const templates = templatesOf(server.home)
  const why = server.props.get('avoidConfigUpdate') === 'true' ? undefined : change(server, templates)
  if (why === undefined) return true
  for (const line of why) say('WARN', 'org.wso2.config.mapper.ConfigParser', line)
  renderAll(server, templates, values)
  say('INFO', 'org.wso2.config.mapper.ConfigParser', 'Writing Metadata Entries...')
  return true
}

function change(server: Server, templates: readonly string[]): readonly string[] | undefined {
  const { home } = server
  const overriding = `Overriding files in configuration directory ${home}`
  const before = new Map(entries(readText(home, `${resources}/.metadata/metadata_config.properties`) ?? ''))
  const forced = server.props.get('forceConfigUpdate') === 'true' || server.faulty('hand-edit-overwritten')
  if (forced) return [overriding]
  if (before.get(toml) !== digest(readText(home, toml) ?? ''))
    return [`New Configurations found in :${toml}`, overriding]
  const edited = templates.filter((path) => before.get(path) !== digest(readText(home, path) ?? ''))
  if (edited.length > 0) return [...edited.map((path) => `Configurations Changed in :${path}`), overriding]
  const old = new Map(entries(readText(home, `${resources}/.metadata/metadata_template.properties`) ?? ''))
  const renewed = templates.filter((path) => old.get(path) !== digest(templateText(home, path)))
  if (renewed.length === 0) return undefined
  return [
    ...renewed.map((path) => `Configurations templates Changed in :${path}.j2`),
    'Applying Configurations upon new Templates',
  ]
}

function renderAll(server: Server, templates: readonly string[], values: ReadonlyMap<string, string>): void {
  const { home } = server
  rmSync(join(home, 'backup'), { recursive: true, force: true })
  mkdirSync(join(home, resources, '.metadata'), { recursive: true })
  for (const path of templates) {
    const target = join(home, path)
    if (existsSync(target)) {
      mkdirSync(dirname(join(home, 'backup', path)), { recursive: true })
      cpSync(target, join(home, 'backup', path))
    }
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, render(templateText(home, path), values))
  }
  const store = (name: string, paths: readonly string[], text: (path: string) => string) =>
    writeFileSync(
      join(home, resources, '.metadata', name),
      paths.map((path) => `${path}=${digest(text(path))}\n`).join(''),
    )
  store('metadata_config.properties', [toml, ...templates], (path) => readText(home, path) ?? '')
  store('metadata_template.properties', templates, (path) => templateText(home, path))
  writeFileSync(join(home, resources, '.metadata/references.properties'), '')
}

/** Fills `{{key}}` and keeps `{% if key %}...{% endif %}` only where the key has a value. */
export function render(template: string, values: ReadonlyMap<string, string>): string {
  return template
    .replace(/\{% if ([\w.]+) %\}\n?([\s\S]*?)\{% endif %\}\n?/g, (_, key: string, body: string) =>
      values.has(key) ? body : '',
    )
    .replace(/\{\{([\w.]+)\}\}/g, (_, key: string) => values.get(key) ?? '')
}

/** Values by dotted key, lists left out. */
export function flatten(table: object, prefix = ''): ReadonlyMap<string, string> {
  const found = Object.entries(table).flatMap(
    ([key, value]: [string, unknown]): (readonly [string, string])[] => {
      if (typeof value === 'object' && value !== null)
        return Array.isArray(value) ? [] : [...flatten(value, `${prefix}${key}.`)]
      return [[`${prefix}${key}`, String(value)]]
    },
  )
  return new Map(found)
}

/** Refuses a name of the vault that has nothing under `[secrets]`, or a text that nobody encrypted; gives the vault's file too. */
function withSecrets(values: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const prefix = 'secrets.'
  for (const value of values.values())
    for (const [, alias = ''] of value.matchAll(/\$secret\{([^}]*)\}/g)) {
      const text = values.get(prefix + alias)
      if (text === undefined) throw new Error(`Secret references can't be resolved for ${alias}`)
      if (/\[.*\]/.test(text)) throw new Error(`Secret references can't be plain text for ${alias}`)
    }
  const kept = [...values].filter(([key]) => key.startsWith(prefix))
  const lines = kept.map(([key, text]) => `${key.slice(prefix.length)}=${text}\n`).join('')
  return new Map([...values, ['secrets', lines]])
}

function infer(server: Server, given: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const defaults = JSON.parse(readText(server.home, `${resources}/default.json`) ?? '{}') as Record<
    string,
    string
  >
  const values = new Map([...Object.entries(defaults), ...given])
  for (const name of ['apim_db', 'shared_db', 'user', 'config'].map((part) => `database.${part}`)) {
    const host = given.get(`${name}.hostname`)
    const type = given.get(`${name}.type`)
    if (type === undefined && host === undefined) continue
    const url = `jdbc:mysql://${host}:${given.get(`${name}.port`) ?? '3306'}/${given.get(`${name}.name`)}?autoReconnect=true&amp;useSSL=false`
    if (!values.has(`${name}.url`) && host !== undefined && type === 'mysql') values.set(`${name}.url`, url)
    if (!values.has(`${name}.driver`))
      values.set(`${name}.driver`, type === 'mysql' ? 'com.mysql.jdbc.Driver' : 'org.h2.Driver')
  }
  if (values.get('apim.oauth_config.enable_token_encryption') === 'true')
    values.set('oauth.extensions.token_persistence_processor', encryptingProcessor)
  const realm = values.get('realm_manager.data_source') ?? ''
  values.set('realm_manager.data_source', realm.startsWith('jdbc/') ? realm : `jdbc/${realm}`)
  return values
}

function templatesOf(home: string): readonly string[] {
  const root = join(home, resources, 'templates')
  if (!existsSync(root)) return []
  const all = readdirSync(root, { recursive: true, encoding: 'utf8' })
  return all
    .filter((path) => path.endsWith('.j2'))
    .map((path) => path.slice(0, -3))
    .sort()
}

function templateText(home: string, path: string): string {
  return readText(home, `${resources}/templates/${path}.j2`) ?? ''
}

function entries(text: string): readonly (readonly [string, string])[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const)
}

function digest(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
