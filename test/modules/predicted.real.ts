import { isUtf8 } from 'node:buffer'
import { lstatSync, mkdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readOnly } from '../../src/connect/read-only.ts'
import { onOver } from '../support/local-on.ts'
import { localPlace, type Place } from '../support/places.ts'
import { editsCases } from './edits-cases.ts'
import { fileCases } from './file-cases.ts'
import { rewriteCases } from './rewrite-cases.ts'

// What `--check --diff` shows as coming is what comes: of every case of the modules that tell it.
let place: Place
let number = 0
let predicted = 0
beforeAll(async () => {
  place = await localPlace()
  return () => place.stop()
})
afterAll(() => expect(predicted).toBeGreaterThan(25))

/** What a path of a diff may be said to hold now; nothing where a diff says less: of what is no text, or no file. */
function now(path: string): readonly string[] {
  const [, of = path, right] = /^(.*?)(?: \((mode|owner|group)\))?$/s.exec(path) ?? []
  const is = lstatSync(of, { throwIfNoEntry: false })
  if (is === undefined) return right === undefined ? [''] : []
  const { mode, uid, gid } = statSync(of, { throwIfNoEntry: false }) ?? is
  if (right === 'mode') return [`${(mode & 0o7777).toString(8)}\n`]
  // Owners are said as they were given: by name or number.
  if (right === 'owner') return [`${uid}\n`, ...(uid === 65534 ? ['nobody\n'] : [])]
  if (right === 'group') return [`${gid}\n`]
  const link = is.isSymbolicLink() ? [`${readlinkSync(of)}\n`] : []
  const bytes = statSync(of, { throwIfNoEntry: false })?.isFile() ? readFileSync(of) : Buffer.of(0)
  return [...link, ...(bytes.includes(0) || !isUtf8(bytes) ? [] : [bytes.toString()])]
}

/** A text in which a secret is stars. */
const shown = (text: string): RegExp =>
  new RegExp(`^${text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&').replaceAll('\\*\\*\\*', '[^\n]+')}$`)

test.each([...fileCases, ...rewriteCases, ...editsCases].map((one) => [one.name, one] as const))(
  '%s',
  async (_name, one) => {
    const dir = join(place.scratch, `${++number}`)
    mkdirSync(dir)
    await one.prepare(dir)
    const { work, input } = one.action(dir)
    if (work.kind !== 'change' || work.diff === undefined) return
    const task = `play/here/${number}`
    const diffs = await work.diff(onOver(readOnly(place.connection()), task).on, input)
    expect(diffs.length).toBeGreaterThan(0)
    const { on } = onOver(place.connection(), task)
    await work.apply(on, input, (await work.remember?.(on, input)) ?? null)
    for (const { path, after } of diffs) {
      const is = now(path)
      if (is.length === 0) continue
      predicted += 1
      expect(is.some((one) => one === after || shown(after).test(one)) ? after : is, path).toBe(after)
    }
  },
)
