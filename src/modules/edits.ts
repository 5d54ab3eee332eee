import { basename } from 'node:path/posix'
import { type Charset, lacking } from '../model/charset.ts'
import { TaskError } from '../model/errors.ts'
import type { Json } from '../model/json.ts'
import { shownText, type Text } from '../model/secret.ts'
import { decode, markedCharset, xmlCharset } from './edit/charset.ts'
import { editIni, type IniEdit } from './edit/ini.ts'
import { type DataEdit, editJson } from './edit/json.ts'
import { hideIn } from './edit/marks.ts'
import { editProperties, type PropertiesEdit } from './edit/properties.ts'
import { placeOf, refused } from './edit/splice.ts'
import { editToml, type TomlEdit } from './edit/toml.ts'
import { editXml, type XmlEdit } from './edit/xml.ts'
import { editYaml } from './edit/yaml.ts'
import { type RewriteInput, rewriting } from './files/rewrite.ts'

/** What every module of structured edits takes: a file that is there, and what is to be so in it, one after the other. */
export type EditsInput<Edit> = RewriteInput & { readonly edits: readonly Edit[] }

/** For formats that do not say their encoding themselves. */
export type EncodedInput<Edit> = EditsInput<Edit> & { readonly encoding?: 'UTF-8' | 'ISO-8859-1' }

function structured<In extends EditsInput<unknown> & Json>(
  module: string,
  charsetOf: (bytes: Buffer, file: string, input: In) => Charset,
  edit: (text: string, input: In, file: string, charset: Charset) => Text,
) {
  return rewriting<In>(module, ({ exists, bytes }, input) => {
    if (!exists) throw new TaskError('there is no such file, and an edit makes none')
    const file = basename(input.path)
    const charset = charsetOf(bytes, file, input)
    const before = decode(bytes, charset, file)
    const text = edit(before, input, file, charset)
    const shown = shownText(text)
    if (shown !== before) doneOnce(before, input, file, (source, again) => edit(source, again, file, charset))
    const at = lacking(shown, charset)
    if (at !== undefined)
      throw refused(
        `${placeOf(file, shown, at)}: what is to be put in has a character that ${charset} lacks`,
        'Take another value, or say which encoding the file has.',
      )
    return { before, charset, text }
  })
}

// What is made again in the next run must find all as it is to be: no entry goes for another one that has its place now.
function doneOnce<In extends EditsInput<unknown>>(
  before: string,
  input: In,
  file: string,
  edit: (text: string, input: In) => Text,
): void {
  const plain = { ...input, edits: hideIn(input.edits, { hide: () => 'UpgradeFleetSecret' }) }
  const once = shownText(edit(before, plain))
  const twice = refusedOr(() => shownText(edit(once, plain)))
  if (once === twice) return
  throw refused(
    `${file}: done a second time, these edits would change it again, or not find their way`,
    'Name entries by what they hold ([name=x], [.=x]), not by their place, and nothing by what an edit takes away or sets.',
  )
}

function refusedOr<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (error instanceof TaskError) return undefined
    throw error
  }
}

/**
 * Elements and attributes of an XML file are as told; every other byte stays, its encoding and line ends too. A path that matches none or
 * two is refused, and so is a DOCTYPE. Like Ansible's community.general.xml, which writes the whole file anew. Undo: the file as it was.
 *
 * @example
 * xml({
 *   path: '/srv/app/carbon.xml',
 *   edits: [{ at: 'Ports/Offset', text: '1' }],
 * })
 */
export const xml = structured<EditsInput<XmlEdit>>('xml', xmlCharset, (text, { edits }, file, charset) =>
  editXml(text, edits, { file, charset }),
)

/**
 * Keys and tables of a TOML file (`deployment.toml`) are as told; every other byte stays. Undo: the file as it was.
 *
 * @example
 * toml({ path: '/srv/app/deployment.toml', edits: [{ at: 'server.hostname', value: 'gw1.example.com' }] })
 */
export const toml = structured<EditsInput<TomlEdit>>(
  'toml',
  () => 'UTF-8',
  (text, { edits }, file) => editToml(text, edits, file),
)

/**
 * Keys of a Java properties file (`log4j2.properties`) are as told; every other byte stays. It is read as ISO-8859-1, as Java does,
 * unless `encoding` says UTF-8; what is put in is right in both. Undo: the file as it was.
 *
 * @example
 * properties({ path: '/srv/app/log4j2.properties', edits: [{ key: 'rootLogger.level', text: 'WARN' }] })
 */
export const properties = structured<EncodedInput<PropertiesEdit>>(
  'properties',
  (_bytes, _file, { encoding = 'ISO-8859-1' }) => encoding,
  (text, { edits }, file) => editProperties(text, edits, file),
)

/**
 * Keys and entries of a YAML file (`migration-config.yaml`) are as told; every other byte stays. Undo: the file as it was.
 *
 * @example
 * yaml({ path: '/srv/app/migration-config.yaml', edits: [{ at: 'currentVersion', value: '5.2.0' }] })
 */
export const yaml = structured<EditsInput<DataEdit>>(
  'yaml',
  (bytes) => markedCharset(bytes) ?? 'UTF-8',
  (text, { edits }, file) => editYaml(text, edits, file),
)

/**
 * Keys and entries of a JSON file are as told; every other byte stays. Undo: the file as it was.
 *
 * @example
 * json({ path: '/srv/app/state.json', edits: [{ at: 'servers[0].port', value: 9443 }] })
 */
export const json = structured<EditsInput<DataEdit>>(
  'json',
  (bytes) => markedCharset(bytes) ?? 'UTF-8',
  (text, { edits }, file) => editJson(text, edits, file),
)

/**
 * Options of an INI file are as told; every other byte stays. Like Ansible's community.general.ini_file, but that what is missing
 * is added only with `create`. Undo: the file as it was.
 *
 * @example
 * iniFile({ path: '/srv/app/app.ini', edits: [{ section: 'main', option: 'port', text: '8080' }] })
 */
export const iniFile = structured<EncodedInput<IniEdit>>(
  'iniFile',
  (_bytes, _file, { encoding = 'UTF-8' }) => encoding,
  (text, { edits }, file) => editIni(text, edits, file),
)
