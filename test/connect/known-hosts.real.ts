import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hostName, matchesHost, parseKnownHosts } from '../../src/connect/known-hosts.ts'
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

test('hosts are found as ssh-keygen -F finds them, plain and hashed', () => {
  const file = join(directory, 'known_hosts')
  const hashed = join(directory, 'hashed')
  const text = `${fields.map((field) => `${field} ${key} comment`).join('\n')}\n\nrubbish\n`
  writeFileSync(file, text)
  writeFileSync(hashed, text)
  spawnSync('ssh-keygen', ['-q', '-H', '-f', hashed], { stdio: 'ignore' })
  for (const path of [file, hashed]) {
    const lines = parseKnownHosts(readFileSync(path, 'utf8'), path)
    for (const [address, port] of machines) {
      const name = hostName(address, port)
      const found = spawnSync('ssh-keygen', ['-F', name, '-f', path], { encoding: 'utf8' }).stdout
      const theirs = [...found.matchAll(/found: line (\d+)/g)].map(([, line]) => Number(line))
      const ours = lines.filter((line) => matchesHost(line.hosts, address, port)).map((line) => line.line)
      expect({ path, name, lines: ours }).toEqual({ path, name, lines: theirs })
    }
  }
})
