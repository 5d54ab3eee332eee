import { expect, test } from 'vitest'
import { endServers } from '../../src/apim/server.ts'
import { jvm, scriptedOn } from '../support/scripted-on.ts'

const home = '/opt/am'

/** A machine on which each look finds what the list says next, and at last nothing. */
function looks(...found: readonly string[]) {
  const left = [...found]
  return scriptedOn((text) => {
    if (text.startsWith('readlink')) return `${home}\n`
    return text.includes('/proc/[0-9]*/cmdline') ? (left.shift() ?? '') : ''
  })
}
const signals = (asked: readonly string[]) => asked.filter((text) => text.includes('kill -s')).length

test('a server is gone when two looks in a row find none: what one look missed is ended too, and told', async () => {
  const { on, asked, said } = looks(jvm(home, 10), '', jvm(home, 11), '', '')
  expect(await endServers(on, home)).toBe(1)
  expect(signals(asked)).toBe(2)
  expect(said.join()).toMatch(/pid 11 was started while it was stopped/)
})

test('one that runs on is told to end once; a second server of the home as well', async () => {
  const both = jvm(home, 10) + jvm(home, 11, 200)
  const { on, asked } = looks(both, both, '', '')
  expect(await endServers(on, home)).toBe(2)
  expect(signals(asked)).toBe(2)
})

test('one that does not hear is killed after its time', async () => {
  const { on, asked, said } = looks(jvm(home), jvm(home), jvm(home), '', '')
  expect(await endServers(on, home, 0)).toBe(1)
  expect(asked.filter((text) => text.includes('kill -s KILL')).length).toBe(1)
  expect(said.join()).toMatch(/killed/)
})
