import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { knownFiles } from '../../src/connect/known-files.ts'
import { hostName } from '../../src/connect/known-hosts.ts'
import { fastDirectory } from '../support/fast-directory.ts'

let directory: string
let key: string
beforeAll(() => {
  directory = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-known-'))
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'key')])
  key = readFileSync(join(directory, 'key.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
})
afterAll(() => rmSync(directory, { recursive: true }))

const fields = [
  'alpha',
  'alpha,beta',
  'ALPHA',
  'a*',
  '*.example.com',
  '*.example.com,!bad.example.com',
  '!bad.example.com,*.example.com',
  '!alpha',
  'alph?',
  'alpha?',
  '[alpha]:2222',
  '[alpha]:22',
  '[*]:2222',
  '[*.example.com]:*',
  '10.0.0.?',
  '10.0.0.*,!10.0.0.9',
  '2001:db8::1',
  '[2001:db8::1]:2222',
  'al.ha',
  '*',
  '\talpha',
  '@revoked alpha',
  '@cert-authority *.example.com',
  '@other alpha',
  '# alpha',
]
const machines: readonly (readonly [string, number])[] = [
  ['alpha', 22],
  ['Alpha', 22],
  ['alpha', 2222],
  ['beta', 22],
  ['good.example.com', 22],
  ['bad.example.com', 22],
  ['bad.example.com', 2222],
  ['10.0.0.7', 22],
  ['10.0.0.9', 22],
  ['2001:db8::1', 22],
  ['2001:db8::1', 2222],
]

/** The lines that `ssh-keygen -F` finds in a file, and those that we do. */
async function found(path: string, [address, port]: readonly [string, number]) {
  const name = hostName(address, port)
  const said = spawnSync('ssh-keygen', ['-F', name, '-f', path], { encoding: 'utf8' }).stdout
  const theirs = [...said.matchAll(/found: line (\d+)/g)].map(([, line]) => Number(line))
  const ours = (await knownFiles().about(path, name)).map(({ line }) => line)
  return { ours, theirs }
}

test('hosts are found as ssh-keygen -F finds them, plain and hashed', async () => {
  const file = join(directory, 'known_hosts')
  const hashed = join(directory, 'hashed')
  const text = `${fields.map((field) => `${field} ${key} comment`).join('\n')}\n\nrubbish\n`
  writeFileSync(file, text)
  writeFileSync(hashed, text)
  spawnSync('ssh-keygen', ['-q', '-H', '-f', hashed], { stdio: 'ignore' })
  for (const path of [file, hashed])
    for (const machine of machines) {
      const { ours, theirs } = await found(path, machine)
      expect({ path, machine, lines: ours }).toEqual({ path, machine, lines: theirs })
    }
})

const label = fc.constantFrom(
  'alpha',
  'ALPHA',
  'beta',
  'good.example.com',
  '10.0.0.7',
  '2001:db8::1',
  '*',
  'a*',
  '*a',
  '?lpha',
  '*.example.com',
  '10.*',
)
const name = fc.oneof(
  label,
  label.map((one) => `!${one}`),
  fc.tuple(label, fc.constantFrom('22', '2222', '*', '22*')).map(([one, port]) => `[${one}]:${port}`),
)
// A marker with a tab behind it OpenSSH passes over; here it counts, which is the safe side.
const line = fc
  .record({
    before: fc.constantFrom('', ' ', '\t', '@revoked ', '@cert-authority ', '@other ', '#', '# '),
    names: fc.array(name, { minLength: 1, maxLength: 4 }).map((all) => all.join(',')),
    between: fc.constantFrom(' ', '\t', '  '),
    after: fc.constantFrom('', ' comment', ' a # b', '\r', ' '),
  })
  .map(({ before, names, between, after }) => {
    const said = key.replace(' ', between)
    return `${before}${names}${between}${said}${after}`
  })

test('whatever stands in the file, hosts are found as ssh-keygen -F finds them', async () => {
  const path = join(directory, 'any')
  let hits = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 6 }),
      fc.constantFrom(...machines),
      fc.boolean(),
      async (lines, machine, hash) => {
        writeFileSync(path, `${lines.join('\n')}\n`)
        if (hash) spawnSync('ssh-keygen', ['-q', '-H', '-f', path], { stdio: 'ignore' })
        const { ours, theirs } = await found(path, machine)
        hits += theirs.length
        expect(ours).toEqual(theirs)
      },
    ),
    { numRuns: 400, seed: 11 },
  )
  expect(hits).toBeGreaterThan(100)
}, 60_000)

test('a file is read once for each of its states, and a hashed line compared once with each name', async () => {
  const path = join(directory, 'counted')
  const names = Array.from({ length: 50 }, (_, at) => `host-${at}`)
  writeFileSync(path, names.map((one) => `${one} ${key}\n`).join(''))
  spawnSync('ssh-keygen', ['-q', '-H', '-f', path], { stdio: 'ignore' })
  let hmacs = 0
  const files = knownFiles(() => {
    hmacs += 1
  })
  const lines = async () =>
    (await Promise.all(names.map((one) => files.about(path, one)))).flat().map((one) => one.line)
  expect(await lines()).toEqual(names.map((_, at) => at + 1))
  expect(await lines()).toHaveLength(50)
  expect(hmacs).toBe(50 * 50)
  // What is added is seen.
  appendFileSync(path, `host-0 ${key}\n`)
  expect(await files.about(path, 'host-0')).toHaveLength(2)
  expect(hmacs).toBe(50 * 50 + 50)
})
