import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Charset, encode } from '../../../src/model/charset.ts'
import { editIni } from '../../../src/modules/edit/ini.ts'
import { editJson } from '../../../src/modules/edit/json.ts'
import { editToml } from '../../../src/modules/edit/toml.ts'
import { editXml } from '../../../src/modules/edit/xml.ts'
import { editYaml } from '../../../src/modules/edit/yaml.ts'
import { type Data, pythonReaders, type Readers, sample } from './readers.ts'

let reader: Readers
beforeAll(() => {
  reader = pythonReaders()
})
afterAll(() => reader.stop())

const texts = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    'true',
    '012',
    'yes',
    '<a>&amp;',
    `"'`,
    '\\',
    ' x ',
    '#',
    '{{',
    ']]>',
    'a: b',
    '€\u{1F600}',
  ),
)
const xmlTexts = texts.map((text) =>
  text.replaceAll(/[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, ''),
)
const runs = 1000

const charsets: readonly Charset[] = ['UTF-8', 'UTF-16LE', 'UTF-16BE', 'ISO-8859-1', 'US-ASCII']
const leaves: readonly (readonly [string, string, readonly number[]])[] = [
  ['carbon.xml', 'HostName', [3]],
  ['carbon.xml', 'Ports/Offset', [6, 0]],
  ['carbon.xml', 'Ports/JMX/RMIServerPort', [6, 1, 1]],
  ['carbon.xml', 'Security/KeyStore/Password', [7, 0, 2]],
  ['axis2.xml', 'transportReceiver[@name=https]/parameter[@name=port]', [1, 0]],
  ['axis2.xml', 'clustering/parameter[@name=membershipScheme]', [2, 0]],
  ['registry.xml', 'dbConfig[@name=wso2registry]/dataSource', [3, 0]],
  ['user-mgt.xml', 'Realm/Configuration/Property[@name=dataSource]', [0, 0, 4]],
  ['user-mgt.xml', 'Realm/UserStoreManager/Property[@name=PasswordJavaRegEx]', [0, 1, 0]],
  [
    'master-datasources.xml',
    'datasources/datasource[name=WSO2AM_DB]/definition/configuration/url',
    [1, 0, 2, 0, 0],
  ],
  [
    'master-datasources.xml',
    'datasources/datasource[name=WSO2AM_STATS_DB]/definition/configuration/url',
    [1, 1, 2, 0, 0],
  ],
  ['api-manager.xml', 'APIGateway/Environments/Environment[Name=Sandbox]/ServerURL', [1, 0, 1, 1]],
]
type Element = [string, [string, string][], string, [Element, string][]]

test(`${runs} texts set in XML files of every encoding are what expat finds, all else being as it was`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...leaves),
      xmlTexts,
      fc.constantFrom(...charsets),
      fc.boolean(),
      async ([name, at, place], value, charset, windows) => {
        const body = sample(name).replace(/^<\?xml.*\?>\n/, '')
        const wide = charset.startsWith('UTF-16')
        const head = `${wide ? '\uFEFF' : ''}<?xml version="1.0" encoding="${wide ? 'UTF-16' : charset}"?>\n`
        const plain = charset === 'US-ASCII' ? body.replaceAll('é', 'e') : body
        const source = (head + plain).replaceAll('\n', windows ? '\r\n' : '\n')
        const edited = String(editXml(source, [{ at, text: value }], { charset }))
        const expected = (await reader.read('xml', encode(source, charset))) as unknown as Element
        const leaf = place.reduce<Element>((now, n) => now[3][n]?.[0] as Element, expected)
        leaf[2] = value
        expect(await reader.read('xml', encode(edited, charset))).toEqual(expected)
      },
    ),
    { numRuns: runs },
  )
})

const scalarsOf = (
  data: Data,
  path: readonly (string | number)[] = [],
): readonly (readonly (string | number)[])[] =>
  typeof data === 'object' && data !== null
    ? Object.entries(data).flatMap(([key, each]) =>
        scalarsOf(each as Data, [...path, Array.isArray(data) ? Number(key) : key]),
      )
    : [path]
const pathOf = (places: readonly (string | number)[]) =>
  places
    .map((place) => (typeof place === 'number' ? `[${place}]` : `.${JSON.stringify(place)}`))
    .join('')
    .slice(1)
function put(data: Data, [first, ...rest]: readonly (string | number)[], value: Data): Data {
  if (first === undefined) return value
  const held = data as { readonly [key: string | number]: Data }
  const made = put(held[first] as Data, rest, value)
  return Array.isArray(data) ? data.with(Number(first), made) : { ...held, [first]: made }
}

const formats = {
  toml: { text: sample('deployment.toml'), edit: editToml },
  yaml: { text: sample('migration-config.yaml'), edit: editYaml },
  json: {
    text: '{\n\t"a": {"b": [1, "x", {"c": null}]},\r\n\t"d\\u00e9" : "\\/", "e": [[], {}, true]\n}',
    edit: editJson,
  },
} as const

test.each(Object.keys(formats) as (keyof typeof formats)[])(
  `${runs} values set in a file of %s are what its reader in Python finds, all else being as it was`,
  async (format) => {
    const { text, edit } = formats[format]
    const before = await reader.read(format, Buffer.from(text))
    const places = scalarsOf(before)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.oneof(texts, fc.integer(), fc.boolean()),
        fc.boolean(),
        async (which, value, windows) => {
          const place = places[which % places.length] ?? []
          const source = windows ? text.replaceAll(/\r?\n/g, '\r\n') : text
          const edited = String(edit(source, [{ at: pathOf(place), value }]))
          const found = await reader.read(format, Buffer.from(edited))
          expect(found).toEqual(put(before, place, value))
        },
      ),
      { numRuns: runs },
    )
  },
)

test(`${runs} options set in an INI file are what configparser finds, all else being as it was`, async () => {
  const text = '[a]\nx = 1\ny: b;c\n; z=1\nlone\n\n[b c]\n# q=1\nx=é\n'
  const before = (await reader.read('ini', Buffer.from(text))) as Record<string, Record<string, Data>>
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(['a', 'x'], ['a', 'y'], ['a', 'lone'], ['b c', 'x'], ['b c', 'new']),
      // Python ends a line at more signs than others do.
      texts.map((value) => value.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '').trim()),
      async ([section = '', option = ''], value) => {
        const edited = String(editIni(text, [{ section, option, text: value, create: true }]))
        const expected = { ...before, [section]: { ...before[section], [option]: value } }
        expect(await reader.read('ini', Buffer.from(edited))).toEqual(expected)
      },
    ),
    { numRuns: runs },
  )
})
