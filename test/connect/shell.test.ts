import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLocal } from '../../src/connect/local.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection } from '../../src/model/connection.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { kill, lives } from '../support/processes.ts'
import { until } from '../support/until.ts'

let directory: string
let connection: Connection
const at = (name: string) => join(directory, name)
beforeAll(async () => {
  directory = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-shell-'))
  connection = await openLocal(
    { name: 'here', kind: 'local', address: '127.0.0.1', port: 22, workdir: at('work') },
    { secrets: (one) => `value of ${one.name}`, home: homedir() },
  )
})
afterAll(async () => {
  for (const job of await connection.jobs('')) await job.cancel()
  await connection.close()
  rmSync(directory, { recursive: true })
})
const pidIn = (name: string) => Number(readFileSync(at(name), 'utf8'))
const written = (name: string) => until(() => readdirSync(directory).includes(name), name)

test('100 MB of output end with the right code, bounded', async () => {
  const result = await connection.exec(sh`head -c 100000000 /dev/zero | tr '\0' x; printf end; exit 9`)
  expect(result).toMatchObject({ kind: 'exit', code: 9, truncated: true })
  expect(result.stdout.length).toBeLessThan(2.1 * 1024 * 1024)
  expect(result.stdout.endsWith('xend')).toBe(true)
})
test('every byte goes in and comes out', async () => {
  const stdin = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
    .join('')
    .repeat(300)
  const result = await connection.exec(sh`cat`, { stdin })
  expect(result.stdout === stdin).toBe(true)
})
test('a command that does not read its input is not hurt by it', async () => {
  const stdin = 'echo not a command\n'.repeat(20_000)
  expect(await connection.exec(sh`exit 3`, { stdin })).toMatchObject({ code: 3, stdout: '', stderr: '' })
  expect(await connection.exec(sh`read -r x; echo $x`, { stdin })).toMatchObject({
    stdout: 'echo not a command\n',
  })
})
test('what a command does to its shell is gone with it', async () => {
  await connection.exec(
    sh`cd /; umask 0; set -eu; exec >/dev/null; trap 'echo trapped' EXIT; x=1; alias ls=x`,
  )
  const result = await connection.exec(raw(`pwd; umask; echo "$- \${x-none}"; false; echo on`))
  expect(result.stdout).toBe(`${homedir()}\n0022\ns none\non\n`)
})
test('one that cannot be parsed fails alone', async () => {
  for (const text of ["echo 'open", 'if true; then', '( ', 'done', '$(', '`'])
    expect(await connection.exec(raw(text))).toMatchObject({ kind: 'exit', code: 2 })
  expect(await connection.exec(sh`echo fine`)).toMatchObject({ stdout: 'fine\n' })
})
test('a command that ends leaves its background alone, whose output reaches nobody else', async () => {
  await connection.exec(
    sh`(until [ -e ${at('speak')} ]; do sleep 0.01; done; echo stray; echo $$ >${at('spoke')}) &`,
  )
  writeFileSync(at('speak'), '')
  await written('spoke')
  for (const word of ['a', 'b', 'c']) {
    expect(await connection.exec(sh`echo ${word}`)).toMatchObject({ stdout: `${word}\n` })
  }
})
test('at the deadline the whole session ends, those in other process groups too', async () => {
  const command = sh`sleep 1001 & echo $! >${at('one')}; timeout 1000 sleep 1002 & echo $! >${at('two')}; wait`
  expect(await connection.exec(command, { timeout: 0.3 })).toMatchObject({ kind: 'timeout' })
  expect([lives(pidIn('one')), lives(pidIn('two'))]).toEqual([false, false])
})
test('a wrong variable name or a NUL is a mistake of the caller', async () => {
  await expect(connection.exec(sh`true`, { env: { 'a b': 'x' } })).rejects.toThrow(TypeError)
})

test('a job whose leader is killed is unknown, and what is left of it can be ended', async () => {
  const job = await connection.job('unknown/a/1/killed', sh`sleep 1004 & echo $! >${at('left')}; wait`)
  await written('left')
  const [leader] = readFileSync(join(job.log, '../pid'), 'utf8').split(' ')
  kill(Number(leader))
  expect(await job.wait()).toMatchObject({
    kind: 'unknown',
    reason: expect.stringContaining('left no exit status'),
  })
  expect(await job.running()).toBe(false)
  await job.cancel()
  expect(lives(pidIn('left'))).toBe(false)
})
test('a job of before the machine was started anew is unknown, and nobody is killed for it', async () => {
  const job = await connection.job('unknown/a/1/reboot', sh`sleep 1005`)
  const file = join(job.log, '../pid')
  const [pid, start] = readFileSync(file, 'utf8').split(' ')
  const before = readFileSync(file)
  writeFileSync(file, `${pid} ${start} 00000000-0000-0000-0000-000000000000\n`)
  expect(await job.wait()).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('started anew') })
  await job.cancel()
  expect(lives(Number(pid))).toBe(true)
  writeFileSync(file, `${pid} 1 ${before.toString().split(' ')[2]}`)
  await job.cancel()
  expect(lives(Number(pid))).toBe(true)
  writeFileSync(file, before)
  await job.cancel()
  expect(lives(Number(pid))).toBe(false)
})
test("a job's input is on no disk once it runs, its directory is ours alone, its umask the machine's", async () => {
  const job = await connection.job('secret/a/1/job', sh`IFS= read -r x; echo $x >${at('seen')}; sleep 1006`, {
    stdin: 'canary\n',
  })
  await written('seen')
  expect(statSync(at('seen')).mode & 0o777).toBe(0o644)
  rmSync(at('seen'))
  const files = readdirSync(at('work'), { recursive: true, withFileTypes: true })
  for (const file of files) {
    const path = join(file.parentPath, file.name)
    expect(statSync(path).mode & 0o077).toBe(0)
    if (file.isFile()) expect(readFileSync(path, 'utf8')).not.toContain('canary')
  }
  await job.cancel()
})
test('a directory of ours that others can write to is refused', async () => {
  const other = await openLocal(
    { name: 'here', kind: 'local', address: '127.0.0.1', port: 22, workdir: '/tmp' },
    { secrets: () => '', home: homedir() },
  )
  await expect(other.job('a/b/1/c', sh`true`)).rejects.toMatchObject({
    fault: 'io',
    message: expect.stringContaining('chmod 700'),
  })
  await other.close()
})

function raw(text: string) {
  return { ...sh`x`, text }
}
