import { chmodSync, chownSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TaskError } from '../../src/model/errors.ts'
import { secret, type Text } from '../../src/model/secret.ts'
import { type RewriteInput, rewriting } from '../../src/modules/files/rewrite.ts'
import { secretValue } from '../support/places.ts'
import type { ChangeCase } from './contract.ts'

/** Puts a text in the place of a word that is there once, as an edit of the tests' own. */
export const swap = rewriting('test.swap', (before, input: RewriteInput & { word: string; by: Text }) => {
  if (!before.exists) throw new TaskError('there is no file')
  const at = before.text.indexOf(input.word)
  if (at < 0) return before.bytes
  const [head, tail] = [before.text.slice(0, at), before.text.slice(at + input.word.length)]
  return typeof input.by === 'string' ? head + input.by + tail : [head, ...input.by, tail]
})

/** Makes a text the last line. */
export const lastLine = rewriting('test.lastLine', ({ text }, input: RewriteInput & { line: Text }) => [
  text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1),
  ...input.line,
])

/** Names that shells and tools like to get wrong. */
export const oddNames = [
  'with blank',
  `it's "quoted" $(x) \`y\``,
  'line\nend',
  '-rf',
  'ünïcödé',
  'back\\slash',
  '*?[x]',
  '%s',
]

/** Prepares one file. */
export const given =
  (name: string, content: string | Buffer, mode: number, owner = 0) =>
  (dir: string) => {
    const path = join(dir, name)
    writeFileSync(path, content)
    chownSync(path, owner, owner)
    chmodSync(path, mode)
  }

/** The cases of the contract for what rewrites a file. */
export const rewriteCases: readonly ChangeCase[] = [
  {
    name: 'text in a file of somebody else',
    prepare: given('a.conf', 'one\ntwo\nthree', 0o640, 65534),
    action: (dir) => swap({ path: join(dir, 'a.conf'), word: 'two', by: '2' }),
  },
  {
    name: 'a secret',
    prepare: given('a.conf', 'pass\nword=old\n', 0o600),
    action: (dir) => lastLine({ path: join(dir, 'a.conf'), line: ['word=', secret('env:P'), '\n'] }),
    hidden: [secretValue],
    // Its value is compared on the machine.
    trips: 2,
  },
  {
    name: 'bytes that are no UTF-8',
    prepare: given('latin', Buffer.from('caf\xe9 \0\r\nx=1\r\n', 'latin1'), 0o644),
    action: (dir) => swap({ path: join(dir, 'latin'), word: 'x=1', by: 'x=é' }),
  },
  {
    name: 'mode and owner too',
    prepare: given('a', 'x', 0o644),
    action: (dir) =>
      swap({ path: join(dir, 'a'), word: 'x', by: 'y', mode: '0750', owner: 'nobody', group: '65534' }),
  },
  {
    name: 'mode alone',
    prepare: given('a', 'y', 0o644),
    action: (dir) => swap({ path: join(dir, 'a'), word: 'x', by: 'y', mode: 0o4711 }),
  },
  {
    name: 'a file behind a link, which a program accepts',
    prepare: (dir) => {
      given('real', 'x', 0o600)(dir)
      symlinkSync('real', join(dir, 'link'))
    },
    action: (dir) =>
      swap({ path: join(dir, 'link'), word: 'x', by: 'y', validate: ['grep', '-q', 'y', '%s'] }),
  },
  {
    name: 'a file of two MiB',
    prepare: given('big', `x=1\n${'abcdefg\n'.repeat(256 * 1024)}`, 0o600),
    action: (dir) => swap({ path: join(dir, 'big'), word: 'x=1', by: 'x=2' }),
    // Its bytes travel for themselves.
    trips: 2,
  },
  {
    name: 'a file with a difficult name',
    prepare: given(oddNames.join(' '), 'x', 0o600),
    action: (dir) => swap({ path: join(dir, oddNames.join(' ')), word: 'x', by: 'y' }),
  },
]
