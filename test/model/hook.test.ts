import { expect, test } from 'vitest'
import { type Hook, hookProblems } from '../../src/model/hook.ts'
import { secret } from '../../src/model/secret.ts'

const webhook = { url: 'https://hooks.example.com/x' }

test.each<[string, Partial<Hook>, RegExp | undefined]>([
  ['a webhook', { webhook }, undefined],
  ['a command', { command: ['/usr/local/bin/tell', '-x'], timeout: 0.5, required: true }, undefined],
  ['both', { webhook, command: ['tell'] }, /expected one of `command` and `webhook`, got both/],
  ['neither', {}, /got neither/],
  ['no program', { command: [] }, /begin with the name of a program, got ""/],
  ['an assignment for a program', { command: ['A=b'] }, /got "A=b"/],
  ['no moment', { webhook, on: [] }, /expected `on` to name a moment/],
  [
    'another moment',
    { webhook, on: 'never' as never },
    /expected `on` among start, wave, failure, cutover, end, got never/,
  ],
  ['no time', { webhook, timeout: 0 }, /above 0 seconds, got 0/],
  [
    'required too late',
    { webhook, on: ['start', 'end'], required: true },
    /only what is told at `start` or `cutover`/,
  ],
  ['another scheme', { webhook: { url: 'ftp://x' } }, /expected an http: or https: URL/],
  ['a password in a URL', { webhook: { url: 'https://u:p@x/' } }, /no user and password/],
  ['a secret over http', { webhook: { url: 'http://x/', headers: { a: [secret('env:A')] } } }, /use https/],
])('%s', (_name, more, problem) => {
  const found = hookProblems([{ name: 'pager', on: 'start', ...more }])
  if (problem === undefined) expect(found).toEqual([])
  else expect(found.join('\n')).toMatch(problem)
  expect(found.every((line) => line.startsWith('hook "pager": '))).toBe(true)
})

test('two of one name', () => {
  const hook = { name: 'x', on: 'end', webhook } as const
  expect(hookProblems([hook, hook])).toEqual(['hook "x": another hook has this name'])
})
