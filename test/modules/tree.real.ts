import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSsh } from '../../src/connect/ssh.ts'
import type { Connection } from '../../src/model/connection.ts'
import { copyTree, getTree, putTree } from '../../src/modules/tree.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { proxied, type TcpProxy } from '../support/proxy.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

let one: Sshd
let two: Sshd
let way: TcpProxy
let here: string
let machine: Connection
let other: Connection
const seen = (directory: string) =>
  execFileSync(
    'bash',
    ['-c', "find . -mindepth 1 -printf '%y %m %P %l\\n' | sort; find . -type f -exec sha256sum {} + | sort"],
    {
      cwd: directory,
      encoding: 'latin1',
    },
  )

beforeAll(async () => {
  here = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-trees-'))
  one = await startSshd('127.110.0.20')
  two = await startSshd('127.110.0.22')
  const made = await proxied(one, '127.110.0.21')
  way = made.proxy
  const context = { secrets: () => '', home: homedir(), retry: { tries: 5, base: 20 } }
  machine = await openSsh(made.endpoint, context)
  other = await openSsh(two.endpoint, context)
  mkdirSync(join(here, "tree/a b's"), { recursive: true })
  writeFileSync(join(here, "tree/a b's/large"), randomBytes(6_000_000), { mode: 0o640 })
  writeFileSync(join(here, 'tree/small'), 'small')
  symlinkSync("a b's/large", join(here, 'tree/link'))
})
afterAll(async () => {
  await machine.close()
  await other.close()
  await way.stop()
  await one.stop()
  await two.stop()
  rmSync(here, { recursive: true })
})

test.each([
  ['whole', undefined],
  ['cut on its way', 2_500_000],
] as const)('a tree goes to a host and comes back over real ssh, %s', async (name, cut) => {
  const there = join(one.directory, `there ${name}`)
  const back = join(here, `back ${name}`)
  if (cut !== undefined) way.throttle(20_000_000)
  if (cut !== undefined) way.cutAfter('up', cut, 'reset')
  await putTree(machine, join(here, 'tree'), there)
  way.pass()
  expect(seen(there)).toBe(seen(join(here, 'tree')))
  if (cut !== undefined) way.throttle(20_000_000)
  if (cut !== undefined) way.cutAfter('down', cut, 'reset')
  await getTree(machine, there, back)
  way.pass()
  expect(seen(back)).toBe(seen(join(here, 'tree')))
  expect(readdirSync(one.directory).filter((each) => /upgrade-fleet|\.tar$/.test(each))).toEqual([])
  expect(readdirSync(join(one.endpoint.workdir ?? '', 'trees'))).toEqual([])
})

test('a tree goes from host to host through here', async () => {
  const from = join(one.directory, 'from')
  await putTree(machine, join(here, 'tree'), from)
  await copyTree(machine, from, other, join(two.directory, 'to'))
  expect(seen(join(two.directory, 'to'))).toBe(seen(join(here, 'tree')))
})
