import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DataEdit, editJson } from '../../../src/modules/edit/json.ts'
import { editToml } from '../../../src/modules/edit/toml.ts'
import { editYaml } from '../../../src/modules/edit/yaml.ts'
import { values as jsonValues, pathOf } from './generated/json.ts'
import { files as tomlFiles } from './generated/toml.ts'
import { files as yamlFiles } from './generated/yaml.ts'
import { type Data, pythonReaders, type Readers, sample } from './readers.ts'
import { inserted } from './support.ts'

let readers: Readers
beforeAll(() => {
  readers = pythonReaders()
})
afterAll(() => readers.stop())

type Place = string | number
type Held = { readonly [key: Place]: Data }
interface Spot {
  readonly places: readonly Place[]
  readonly data: Data
}
const spots = (data: Data, places: readonly Place[] = []): readonly Spot[] => [
  { places, data },
  ...(typeof data === 'object' && data !== null
    ? Object.entries(data).flatMap(([key, each]) =>
        spots(each as Data, [...places, Array.isArray(data) ? Number(key) : key]),
      )
    : []),
]
function put(data: Data, [first, ...rest]: readonly Place[], make: (old: Data) => Data): Data {
  if (first === undefined) return make(data)
  const made = put((data as Held)[first] as Data, rest, make)
  return Array.isArray(data) ? data.with(Number(first), made) : { ...(data as Held), [first]: made }
}
const without = (data: Data, places: readonly Place[]): Data =>
  put(data, places.slice(0, -1), (holder) =>
    Array.isArray(holder)
      ? holder.toSpliced(Number(places.at(-1)), 1)
      : Object.fromEntries(Object.entries(holder as Held).filter(([key]) => key !== places.at(-1))),
  )

interface Format {
  readonly edit: typeof editJson
  readonly samples: readonly string[]
  readonly made: fc.Arbitrary<string>
  /** A file that has a piece of another one as the value of `k`. */
  readonly holding: (piece: string) => string
  /** A file of what was cut out of another. */
  readonly cut: (piece: string) => readonly string[]
  readonly comment: RegExp | undefined
  /** What such edits may be refused for: see the tests of each. */
  readonly mayRefuse: RegExp
}
const indented = (piece: string) => {
  const body = piece.replace(/^\uFEFF/, '')
  const indent = /^ */.exec(body)?.[0].length ?? 0
  return body.replaceAll(new RegExp(`^ {${indent}}`, 'gm'), '')
}
const formats: Readonly<Record<string, Format>> = {
  toml: {
    edit: editToml as typeof editJson,
    samples: ['deployment.toml', 'deployment-gateway.toml'],
    made: tomlFiles.map(({ text }) => text),
    holding: (piece) => `k = ${piece}`,
    cut: (piece) => [
      piece,
      `k = [${piece}]`,
      `k = {${piece}}`,
      `k = [${piece.replace(/^,|,\s*$/, '')}]`,
      `k = {${piece.replace(/^\s*,|,\s*$/, '')}}`,
    ],
    comment: /# [^"#\n]*\(\d+\)/g,
    mayRefuse:
      /is a table of its own|between brackets it is not made|stands in pieces between braces|a list of tables cannot stand there|two lists in one another/,
  },
  yaml: {
    edit: editYaml,
    samples: ['migration-config.yaml', 'migration-config-site.yaml'],
    made: yamlFiles.map(({ text }) => text),
    // A text over lines is ended by its line end.
    holding: (piece) => (/^(?:&\S+ )?[|>]/.test(piece) ? `k: ${piece}\n` : `k: ${piece}`),
    cut: (piece) => [
      ...Array.from({ length: 16 }, (_, column) => indented(' '.repeat(column) + piece)),
      `{${piece.replace(/^\s*,|,\s*$/, '')}}`,
      `[${piece.replace(/^\s*,|,\s*$/, '')}]`,
    ],
    comment: /# [^"#\n]*\(\d+\)/g,
    mayRefuse: /over lines cannot be replaced|is in what &|here is a value|has a tag, or no place/,
  },
  json: {
    edit: editJson,
    samples: ['tenant-conf.json.txt'],
    made: fc
      .tuple(
        fc.dictionary(fc.string(), jsonValues, { maxKeys: 5, noNullPrototype: true }),
        fc.constantFrom(undefined, 1, 2, 4, '\t'),
      )
      .map(([data, indent]) => JSON.stringify(data, null, indent)),
    holding: (piece) => `{"k": ${piece}}`,
    cut: (piece) => [`{${piece.replace(/^\s*,|,\s*$/, '')}}`, `[${piece.replace(/^\s*,|,\s*$/, '')}]`],
    comment: undefined,
    mayRefuse: /^$/,
  },
}
const values: fc.Arbitrary<Data> = fc.oneof(
  fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text)),
  fc.constantFrom<Data>(
    'yes',
    '012',
    '5.10.0',
    'two words',
    "it's",
    '1e3',
    '',
    ' x',
    '- a',
    'a: b',
    '#',
    '"""',
    "'''",
    '|',
    '&a',
    '*a',
    '{',
    ']',
    '\\',
    '\t',
    '\r\n',
    '2020-02-29',
    '1:30',
    '~',
    '=',
    '<<',
    '!',
    '%',
    '@',
    '€\u{1F600}',
  ),
  fc.integer(),
  fc.boolean(),
  fc.array(fc.constantFrom('a', 'b c', '#'), { maxLength: 2 }),
)
const runs = 1000

/** What may have been cut out of a text, with a comma that went too: several, where what follows begins as what was cut out. None where that is not all that was done. */
function cutOut(text: string, edited: string): readonly string[] {
  const whole = windows(text, edited)
  if (whole.length > 0) return whole
  let at = 0
  while (at < text.length && text[at] === edited[at]) at++
  for (let comma = text.lastIndexOf(',', at); comma >= 0; comma = text.lastIndexOf(',', comma - 1)) {
    const rest = windows(text.slice(0, comma) + text.slice(comma + 1), edited)
    if (rest.length > 0 || comma === 0) return rest
  }
  return []
}
function windows(text: string, edited: string): readonly string[] {
  const length = text.length - edited.length
  if (length < 0) return []
  let [from, to] = [0, 0]
  while (from < edited.length && text[from] === edited[from]) from++
  while (to < edited.length && text.at(-1 - to) === edited.at(-1 - to)) to++
  const found: string[] = []
  for (let at = from; at >= edited.length - to && at >= 0; at--) found.push(text.slice(at, at + length))
  return found
}

/** A list of tables may stand in many places: some lines are gone, all others are as they were. */
function expectLinesLess(text: string, edited: string): void {
  const lines = edited.split('\n').reverse()
  for (const line of [...text.split('\n'), '']) if (line === lines.at(-1)) lines.pop()
  expect(lines).toEqual([])
}

test.each(Object.keys(formats))(
  `${runs} values set, added and removed in generated and realistic files of %s are what its reader in Python finds, and all other bytes stay`,
  async (name) => {
    const { edit, samples, made, holding, cut, comment, mayRefuse } = formats[name] as Format
    const done = { set: 0, add: 0, remove: 0 }
    const read = (text: string) => readers.read(name, Buffer.from(text))
    const files = fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...samples.map(sample)) },
      { weight: 1, arbitrary: made },
    )
    const file = fc
      .tuple(files, fc.constantFrom('\n', '\r\n'), fc.constantFrom('', '', '\uFEFF'))
      .map(([text, eol, mark]) => mark + text.replace('\uFEFF', '').replaceAll(/\r?\n/g, eol))
    await fc.assert(
      fc.asyncProperty(
        file,
        fc.constantFrom('set', 'add', 'remove'),
        fc.nat(),
        values,
        async (text, how, which, value) => {
          const before = await read(text)
          const all = spots(before).filter(
            ({ places }) => !places.some((place) => /^(int|bool|NoneType|__proto__)/.test(String(place))),
          )
          const chosen = all[which % all.length]
          if (chosen === undefined) return
          const at = pathOf(chosen.places)
          const apply = (change: DataEdit, source = text): string | undefined => {
            try {
              return String(edit(source, [change]))
            } catch (error) {
              if (mayRefuse.test((error as Error).message)) return undefined
              throw error
            }
          }
          const expectComments = (edited: string, but = '') => {
            if (comment === undefined) return
            const gone: readonly string[] = but.match(comment) ?? []
            const kept = (text.match(comment) ?? []).filter((each) => !gone.includes(each))
            expect(edited.match(comment) ?? []).toEqual(kept)
          }
          if (how === 'set' && chosen.places.length > 0) {
            const marked = apply({ at, value: 'MARK' })
            const edited = apply({ at, value })
            if (marked === undefined || edited === undefined) return
            const [front = '', tail = ''] = marked.split(/["']?MARK["']?/)
            // Where there was no value, not even a blank stands behind the colon.
            const head = chosen.data === null && !text.startsWith(front) ? front.slice(0, -1) : front
            expect([text.startsWith(head), text.endsWith(tail)]).toEqual([true, true])
            expect([edited.startsWith(head), edited.endsWith(tail)]).toEqual([true, true])
            // What was there is all that went.
            const old = text.slice(head.length, text.length - tail.length)
            if (!old.startsWith('*'))
              expect(((await read(holding(old.trimStart()))) as Held)['k']).toEqual(chosen.data)
            expect(await read(edited)).toEqual(put(before, chosen.places, () => value))
            expect(apply({ at, value }, edited)).toBe(edited)
            done.set++
          } else if (how === 'add' && typeof chosen.data === 'object' && chosen.data !== null) {
            const list = Array.isArray(chosen.data)
            const dot = chosen.places.length === 0 ? '' : '.'
            const change: DataEdit = list
              ? { at: `${at}[zz=new]`, append: { v: value } }
              : { at: `${at}${dot}"zz new"`, value, create: true }
            const edited = apply(change)
            if (edited === undefined) return
            expect(await read(edited)).toEqual(
              put(before, chosen.places, (old) =>
                list
                  ? [...(old as readonly Data[]), { zz: 'new', v: value }]
                  : { ...(old as Held), 'zz new': value },
              ),
            )
            const blank = (source: string) => source.replaceAll(/[ \t]*([[{])\s+([\]}])/g, '$1$2')
            expect(inserted(text, edited) ?? inserted(blank(text), edited)).toBeDefined()
            expectComments(edited)
            expect(apply(change, edited)).toBe(edited)
            done.add++
          } else if (how === 'remove' && chosen.places.length > 0) {
            const edited = apply({ at, remove: true })
            if (edited === undefined) return
            const found = await read(edited)
            // A table that nothing but its entries says is gone with the last of them.
            const expected = [without(before, chosen.places)]
            for (let end = chosen.places.length - 1; end > 0; end--)
              expected.push(without(before, chosen.places.slice(0, end)))
            expect(expected.slice(0, name === 'toml' ? undefined : 1)).toContainEqual(found)
            const pieces = cutOut(text, edited)
            const holder = chosen.places
              .slice(0, -1)
              .reduce<Data>((now, place) => (now as Held)[place] as Data, before)
            if (pieces.length === 0 && name === 'toml') expectLinesLess(text, edited)
            else if (pieces.length === 0)
              expect([name, Object.keys(holder as Held).length]).toEqual(['yaml', 1])
            else {
              // What went is what was there, with its key, and no comment before it.
              const wanted = JSON.stringify(chosen.data)
              let said: string | undefined
              for (const piece of pieces)
                for (const each of /^[\s,]*#/.test(piece) ? [] : cut(piece)) {
                  if (said !== undefined) break
                  const data = await read(each).catch(() => null)
                  if (spots(data).some((spot) => JSON.stringify(spot.data) === wanted)) said ??= piece
                }
              // An alias says nothing alone, and what was the last of its kind leaves brackets.
              if (name === 'yaml' && Object.keys(holder as Held).length === 1) said ??= pieces[0]
              if (/^"secondary"(?:\."use")?$/.test(at)) said ??= pieces[0]
              expect(said, `${at}: ${JSON.stringify(pieces)}`).toBeDefined()
              expectComments(edited, said)
            }
            done.remove++
          }
        },
      ),
      { numRuns: runs * 1.75 },
    )
    expect(done.set + done.add + done.remove, JSON.stringify(done)).toBeGreaterThanOrEqual(runs)
    expect(Math.min(done.set, done.add, done.remove)).toBeGreaterThan(runs / 10)
  },
)
