import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { editIni, type IniEdit } from '../../../src/modules/edit/ini.ts'
import { editProperties, type PropertiesEdit } from '../../../src/modules/edit/properties.ts'
import { files as iniFiles } from './generated/ini.ts'
import { files as propertiesFiles } from './generated/properties.ts'
import { javaReaders, pythonReaders, type Readers, sample } from './readers.ts'
import { inserted } from './support.ts'

let [java, python]: Readers[] = []
beforeAll(() => {
  ;[java, python] = [javaReaders(), pythonReaders()]
})
afterAll(async () => {
  await Promise.all([java?.stop(), python?.stop()])
})
const runs = 1000
const how = fc.constantFrom('set', 'add', 'remove')
const eols = fc.constantFrom<'\n' | '\r\n' | '\r'>('\n', '\r\n', '\r')
const withEol = (text: string, eol: string) => text.replaceAll(/\r\n|\r|\n/g, eol)

/** Where the value of an edit stands: what is before and behind it in the file, and the rest of the file. */
function around(marked: string, mark: string): readonly [string, string] {
  const at = marked.indexOf(mark)
  return [marked.slice(0, at), marked.slice(at + mark.length)]
}

test(`${runs} keys set, added and removed in generated and realistic properties files are what java.util.Properties finds, and all other bytes stay`, async () => {
  const samples = ['log4j.properties', 'log4j2.properties'].map(sample)
  const files = fc.oneof(
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom(...samples), eols).map(([text, eol]) => withEol(text, eol)),
    },
    { weight: 1, arbitrary: propertiesFiles.map(({ text }) => text) },
  )
  const done = { set: 0, add: 0, remove: 0 }
  await fc.assert(
    fc.asyncProperty(
      files,
      how,
      fc.nat(),
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      async (text, op, which, value, wide) => {
        const charset = wide ? 'utf8' : 'latin1'
        const read = async (source: string) =>
          (await (java as Readers).read(charset, Buffer.from(source, charset))) as Record<string, string>
        const before = await read(text)
        const keys = Object.keys(before)
        const key = op === 'add' ? `new ${value}` : (keys[which % keys.length] ?? '')
        const edit = (change: PropertiesEdit, source = text) => String(editProperties(source, [change], 'x'))
        if (op === 'remove') {
          const edited = edit({ key, remove: true })
          const { [key]: gone, ...rest } = before
          expect(await read(edited)).toEqual(rest)
          const piece = inserted(edited, text)
          expect(piece).toBeDefined()
          expect(edit({ key, remove: true }, edited)).toBe(edited)
          done.remove++
          return
        }
        const change = { key, text: value, ...(op === 'add' && { create: true }) }
        const edited = edit(change)
        expect(await read(edited)).toEqual({ ...before, [key]: value })
        expect(edit(change, edited)).toBe(edited)
        if (op === 'add') expect(edited.startsWith(text)).toBe(true)
        else if (before[key] === value) expect(edited).toBe(text)
        else {
          const [head, tail] = around(edit({ key, text: 'MARK' }), 'MARK')
          // A key that stood alone has gained a sign.
          expect(text.startsWith(head) || text.startsWith(head.replace(/\s*[=:]\s*$/, ''))).toBe(true)
          expect([text.endsWith(tail), edited.endsWith(tail), edited.startsWith(head)]).toEqual([
            true,
            true,
            true,
          ])
          const old = text.slice(Math.min(head.length, text.length - tail.length), text.length - tail.length)
          expect(await read(`k=${old}`)).toEqual({ k: before[key] })
        }
        done[op as 'set']++
      },
    ),
    { numRuns: runs },
  )
  expect(done.set + done.add + done.remove).toBe(runs)
})

// Python ends a line at more signs than others do, and takes blanks off that others keep.
const iniValues = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('#', '; c', '[x]', 'a=b', '"q', '%(x)s', '$x', '\\', 'é'),
  )
  .map((value) => value.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '').trim())

test(`${runs} options set, added and removed in generated and realistic INI files are what configparser finds, and all other bytes stay`, async () => {
  const text = sample('my.cnf')
  const files = fc.oneof(
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constant(text), fc.constantFrom('\n', '\r\n'), fc.constantFrom('', '\uFEFF'))
        .map(([each, eol, mark]) => mark + withEol(each, eol)),
    },
    { weight: 1, arbitrary: iniFiles.map((file) => file.text) },
  )
  type Found = Record<string, Record<string, string | null>>
  const read = async (source: string) => (await (python as Readers).read('ini', Buffer.from(source))) as Found
  const done = { set: 0, add: 0, remove: 0, section: 0 }
  await fc.assert(
    fc.asyncProperty(
      files,
      fc.constantFrom('set', 'add', 'remove', 'section'),
      fc.nat(),
      iniValues,
      async (source, op, which, value) => {
        // configparser refuses what stands before the first section.
        const before = await read(source).catch(() => undefined)
        const options = Object.entries(before ?? {}).flatMap(([section, each]) =>
          Object.keys(each).map((option): [string, string] => [section, option]),
        )
        const chosen = options[which % Math.max(1, options.length)]
        if (before === undefined || chosen === undefined) return
        const [section, option] = chosen
        const edit = (change: IniEdit, from = source) => String(editIni(from, [change], 'x'))
        const again = (change: IniEdit): string => {
          const edited = edit(change)
          expect(edit(change, edited)).toBe(edited)
          return edited
        }
        if (op === 'section') {
          const edited = again({ section, remove: true })
          const { [section]: gone, ...rest } = before
          expect(await read(edited)).toEqual(rest)
          expect(inserted(edited, source)).toBeDefined()
        } else if (op === 'remove') {
          const edited = again({ section, option, remove: true })
          const { [option]: gone, ...rest } = before[section] ?? {}
          expect(await read(edited)).toEqual({ ...before, [section]: rest })
          expect(inserted(edited, source)?.match(/[\r\n]+/g)?.length ?? 0).toBeLessThanOrEqual(1)
        } else if (op === 'add') {
          const into = which % 3 === 0 ? 'a new one' : section
          const edited = again({ section: into, option: 'zz new', text: value, create: true })
          expect(await read(edited)).toEqual({ ...before, [into]: { ...before[into], 'zz new': value } })
          expect(inserted(source, edited)).toBeDefined()
        } else {
          const edited = again({ section, option, text: value })
          expect(await read(edited)).toEqual({
            ...before,
            [section]: { ...before[section], [option]: value },
          })
          const [head, tail] = around(edit({ section, option, text: 'MARK' }), 'MARK')
          const old = source.slice(
            Math.min(head.length, source.length - tail.length),
            source.length - tail.length,
          )
          expect([source.endsWith(tail), edited.endsWith(tail), edited.startsWith(head)]).toEqual([
            true,
            true,
            true,
          ])
          expect(old).toBe(before[section]?.[option] ?? '')
        }
        done[op as 'set']++
      },
    ),
    { numRuns: runs * 2 },
  )
  expect(done.set + done.add + done.remove + done.section, JSON.stringify(done)).toBeGreaterThanOrEqual(runs)
})
