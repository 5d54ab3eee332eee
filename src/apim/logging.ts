import type { On } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { decode } from '../modules/edit/charset.ts'
import { editProperties, type PropertiesEdit, readAllProperties } from '../modules/edit/properties.ts'
import { holds, readBytes } from '../modules/target.ts'

/** Levels of loggers by their names. */
export type LogLevels = Readonly<Record<string, string>>

/** What an operator changed of a home's `log4j.properties`. */
export type OwnLogging = {
  /** What new homes get. */
  readonly levels: LogLevels
  /** What they do not get, in words; no values of appenders, which may hold passwords. */
  readonly lost: readonly string[]
}

const levelNames = ['ALL', 'TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'OFF']

/**
 * The loggers of the packs from 1.8.0 to 2.6.0, which all of them have alike or not at all: a level, then appenders
 * (product-apim, `log4j.properties` of these releases).
 */
const shipped: Readonly<Record<string, string>> = {
  'org.apache.synapse': 'INFO',
  'org.apache.synapse.transport': 'INFO',
  'org.apache.axis2': 'INFO',
  'org.apache.axis2.transport': 'INFO',
  'org.apache.axis2.enterprise': 'FATAL',
  'org.apache.catalina': 'WARN',
  'org.apache.coyote': 'WARN',
  'org.quartz': 'WARN',
  'org.wso2': 'INFO',
  'org.wso2.carbon': 'INFO',
  'org.wso2.carbon.databridge.agent.thrift.AsyncDataPublisher': 'WARN',
  'de.hunsicker.jalopy.io': 'FATAL',
  'com.atomikos': 'INFO,ATOMIKOS',
  qpid: 'WARN',
  'qpid.message': 'WARN',
  'qpid.message.broker.listening': 'INFO',
  'org.apache.qpid': 'WARN',
  'org.apache.qpid.server.Main': 'INFO',
  'org.apache.directory.shared.ldap': 'WARN,CARBON_CONSOLE',
  'org.apache.directory.server.ldap.handlers': 'WARN,CARBON_CONSOLE',
  'org.apache.directory.shared.ldap.entry.DefaultServerAttribute': 'FATAL,CARBON_CONSOLE',
  'org.apache.directory.shared.ldap.ldif.LdifReader': 'ERROR,CARBON_CONSOLE',
  'org.apache.directory.server.ldap.LdapProtocolHandler': 'ERROR,CARBON_CONSOLE',
  SERVICE_LOGGER: 'INFO,SERVICE_APPENDER',
  TRACE_LOGGER: 'INFO,TRACE_APPENDER,TRACE_MEMORYAPPENDER',
  EVENT_TRACE_LOGGER: 'INFO,EVENT_TRACE_APPENDER,EVENT_TRACE_MEMORYAPPENDER',
  AUDIT_LOG: 'INFO,AUDIT_LOGFILE',
  'trace.messages': 'TRACE,CARBON_TRACE_LOGFILE',
  tracer: 'TRACE,OPEN_TRACING',
  correlation: 'INFO,CORRELATION',
  'org.wso2.carbon.apimgt.gateway.mediators.BotDetectionMediator': 'INFO,BOTDATA_APPENDER',
}
const root = 'ERROR,CARBON_CONSOLE,CARBON_LOGFILE,CARBON_MEMORY,CARBON_SYS_LOG,ERROR_LOGFILE'
const appenders = new Set(
  [root, 'LOGEVENT,DAS_AGENT', ...Object.values(shipped)].flatMap((value) => value.split(',')),
)

// Without these lines nobody could tell that a new server has started.
const needed = /^org(\.wso2(\.carbon(\.core\b.*)?)?)?$/
const isQuiet = (level: string) => ['WARN', 'ERROR', 'FATAL', 'OFF'].includes(level)

/** What in a `log4j.properties` is not as the packs ship it. Of a key that is there twice the last counts, as for Java. */
export function ownLogging(text: string, file = 'log4j.properties'): OwnLogging {
  const values = new Map(readAllProperties(text, file).map(({ key, value }) => [key.trim(), plain(value)]))
  const levels: Record<string, string> = {}
  const lost: string[] = []
  for (const [key, value] of values) {
    const name = /^log4j\.(?:logger|category)\.(.+)$/.exec(key)?.[1]
    if (name !== undefined) {
      if (value === shipped[name]) continue
      const [level = '', ...to] = value.split(',')
      const usual = shipped[name]?.split(',').slice(1) ?? []
      const upper = level.toUpperCase()
      if (!levelNames.includes(upper)) lost.push(`${key} has the level "${level}", which is none`)
      else if (needed.test(name) && isQuiet(upper))
        lost.push(`${key} is ${upper}: new homes keep INFO, by which their start is told`)
      else if (upper !== shipped[name]?.split(',')[0]) levels[name] = upper
      const own = to.filter((each) => !usual.includes(each))
      if (own.length > 0) lost.push(`${key} writes to ${own.join(', ')}`)
    } else if (/^log4j\.root(Logger|Category)$/.test(key) && value !== root) lost.push(`${key} is ${value}`)
    else {
      const appender = /^log4j\.appender\.([^.]+)$/.exec(key)?.[1]
      if (appender !== undefined && !appenders.has(appender))
        lost.push(`the appender ${appender} (${value.split('.').at(-1)})`)
    }
  }
  return { levels, lost }
}

const plain = (value: string): string => value.replaceAll(/\s/g, '')

/** What an operator changed of a home's loggers; nothing where it has no such file. Throws {@link TaskError} where the file is none. */
export async function loggingOf(on: On, home: string): Promise<OwnLogging> {
  const path = `${home}/repository/conf/log4j.properties`
  if (!(await holds(on, sh.read`test -f ${path}`))) return { levels: {}, lost: [] }
  // As Java reads it.
  return ownLogging(decode(await readBytes(on, path), 'ISO-8859-1', path), path)
}

/** A new home's file of loggers with these levels: `log4j.properties` up to 2.6.0, `log4j2.properties` from 3.0.0 on, where a logger counts only if the list names it (the vendor's page on log4j2). */
export function withLevels(text: string, file: string, levels: LogLevels): string {
  const all = new Map(readAllProperties(text, file).map(({ key, value }) => [key, value]))
  const edits = file.endsWith('log4j2.properties') ? log4j2Edits(all, levels) : log4jEdits(all, levels)
  const edited = editProperties(text, edits, file)
  return typeof edited === 'string' ? edited : edited.join('')
}

function log4jEdits(all: ReadonlyMap<string, string>, levels: LogLevels): readonly PropertiesEdit[] {
  return Object.entries(levels).map(([name, level]) => {
    const key = ['logger', 'category'].map((word) => `log4j.${word}.${name}`).find((each) => all.has(each))
    const [, ...to] = plain(all.get(key ?? '') ?? '').split(',')
    return { key: key ?? `log4j.logger.${name}`, text: [level, ...to].join(', '), create: true }
  })
}

// Another logger may have the id that its name would give.
function freeId(name: string, all: ReadonlyMap<string, string>, added: readonly string[]): string {
  const plainId = name.replaceAll(/[^A-Za-z0-9_]+/g, '-')
  const taken = (id: string) =>
    added.includes(id) || [...all.keys()].some((key) => key.startsWith(`logger.${id}.`))
  for (let id = plainId, number = 2; ; id = `${plainId}-${number++}`) if (!taken(id)) return id
}

function log4j2Edits(all: ReadonlyMap<string, string>, levels: LogLevels): readonly PropertiesEdit[] {
  const listed = plain(all.get('loggers') ?? '')
    .split(',')
    .filter(Boolean)
  const added: string[] = []
  const edits = Object.entries(levels).flatMap(([name, level]): readonly PropertiesEdit[] => {
    const found = [...all].find(([key, value]) => /^logger\.[^.]+\.name$/.test(key) && value.trim() === name)
    const id = found?.[0].split('.')[1] ?? freeId(name, all, added)
    if (!listed.includes(id)) added.push(id)
    return [
      ...(found === undefined ? [{ key: `logger.${id}.name`, text: name, create: true }] : []),
      { key: `logger.${id}.level`, text: level, create: true },
    ]
  })
  return added.length === 0
    ? edits
    : [...edits, { key: 'loggers', text: [...listed, ...added].join(', '), create: true }]
}
