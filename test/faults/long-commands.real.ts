import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection } from '../../src/model/connection.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

// One word of an argument list holds 128 KiB on Linux: nothing of ours travels in one.
const long = 'x'.repeat(300_000)
let sshd: Sshd
let connection: Connection
beforeAll(async () => {
  sshd = await startSshd('127.105.9.41', ['SetEnv HOME=/tmp'])
  connection = await openSsh(sshd.endpoint, { secrets: () => '', home: homedir() })
})
afterAll(async () => {
  await connection.close()
  await sshd.stop()
})

test('a command of 300 kB, its input and its variables run', async () => {
  expect(await connection.exec(sh`printf %s ${long} | wc -c`)).toMatchObject({ code: 0, stdout: '300000\n' })
  expect(await connection.exec(sh.read`printf %s ${long} | wc -c`)).toMatchObject({ stdout: '300000\n' })
  expect(await connection.exec(sh`wc -c`, { stdin: long })).toMatchObject({ stdout: '300000\n' })
})
test('a job of 300 kB, with an input of as much, runs', async () => {
  const path = join(sshd.directory, 'counted')
  const job = await connection.job('faults/long/1/job', sh`x=${long}; wc -c >${path}`, {
    stdin: long,
  })
  expect(await job.wait()).toEqual({ kind: 'exit', code: 0 })
  expect(await connection.exec(sh.read`cat ${path}`)).toMatchObject({ stdout: '300000\n' })
})
test('what such a command cannot hand to a program is said by the shell, and harms nobody else', async () => {
  expect(await connection.exec(sh`/bin/echo ${long}`)).toMatchObject({
    kind: 'exit',
    code: 126,
    stderr: expect.stringContaining('too long'),
  })
  expect(await connection.exec(sh`exit 3`)).toMatchObject({ code: 3 })
})
