import type { ModuleDoc } from '../load/module-docs.ts'

// Families, or modules that have none, under the headings of docs/modules.md.
const rooms: readonly (readonly [string, readonly string[]])[] = [
  ['Files', ['file', 'tree']],
  ['Archives and downloads', ['archive', 'unarchive', 'download', 'artifact', 'carry']],
  ['Backups', ['backup']],
  ['Structured edits', ['xml', 'toml', 'properties', 'yaml', 'json', 'iniFile']],
  ['Databases', ['database']],
  ['Java', ['java']],
  ['Commands', ['command']],
  ['On the controller, and between tasks', ['local', 'assert', 'pause', 'fail']],
  ['Processes and services', ['service', 'processes']],
  ['Waiting, asking, traffic', ['waitFor', 'http', 'traffic']],
  ['Subversion', ['svn']],
  ['API Manager', ['apim']],
]

/** One room and the modules in it. */
export interface Room {
  readonly title: string
  readonly docs: readonly ModuleDoc[]
}

/** Modules by room, each in one; what no room is for comes last, under a title of its own. */
export function byRoom(docs: readonly ModuleDoc[]): readonly Room[] {
  const isIn = (keys: readonly string[]) => (doc: ModuleDoc) => keys.includes(doc.family || doc.name)
  const known = rooms.flatMap(([, keys]) => keys)
  return [
    ...rooms.map(([title, keys]) => ({ title, docs: docs.filter(isIn(keys)) })),
    { title: 'Others', docs: docs.filter((doc) => !isIn(known)(doc)) },
  ].filter((room) => room.docs.length > 0)
}

/** One line each, by room. */
export function listText(docs: readonly ModuleDoc[], columns: number): string {
  const wide = Math.max(...docs.map(({ name }) => name.length))
  const line = ({ name, text }: ModuleDoc) => {
    const [first = ''] = text.split(/(?<=[.:]) /)
    return `  ${name.padEnd(wide)}  ${first.replace(/[.:]$/, '')}`.slice(0, Math.max(60, columns))
  }
  return byRoom(docs)
    .map((room) => `${[room.title, ...room.docs.map(line)].join('\n')}\n`)
    .join('\n')
}

/** All of all: text, options, what it gives, examples. */
export const markdownText = (docs: readonly ModuleDoc[]): string =>
  byRoom(docs)
    .map((room) => [`## ${room.title}`, ...room.docs.map(moduleMarkdown)].join('\n\n'))
    .join('\n\n')
    .concat('\n')

function moduleMarkdown({ name, text, options, output, examples }: ModuleDoc): string {
  return [
    `### \`${name}\``,
    text,
    ...(options.length === 0 ? [] : [[head, ...options.map((option) => `| ${cells(option)} |`)].join('\n')]),
    `Gives \`${output}\`.`,
    ...examples.map((example) => `\`\`\`ts\n${example}\n\`\`\``),
  ].join('\n\n')
}

const head = '| option | type | needed | default | what it is |\n| --- | --- | --- | --- | --- |'

// A bar would end a cell, in code too.
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const cells = (option: ModuleDoc['options'][number]): string =>
  [
    `\`${option.name}\``,
    `\`${cell(option.type)}\``,
    option.optional ? '' : 'yes',
    option.default === undefined ? '' : `\`${cell(option.default)}\``,
    cell(option.text),
  ].join(' | ')

/** The options of all modules but those of API Manager, as one table for each room. */
export const optionsMarkdown = (docs: readonly ModuleDoc[]): string =>
  byRoom(docs.filter(({ family }) => family !== 'apim'))
    .map(({ title, docs: own }) => {
      const rows = own.flatMap(({ name, options }) =>
        options.map((option) => `| \`${name}\` | ${cells(option)} |`),
      )
      return `### ${title}: options\n\n| module ${head.replace('\n', '\n| --- ')}\n${rows.join('\n')}`
    })
    .join('\n\n')
