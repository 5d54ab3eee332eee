import { randomBytes } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sh } from '../../src/model/command.ts'
import type { Connection } from '../../src/model/connection.ts'
import type { LockHolder } from '../../src/model/lock.ts'
import { secret } from '../../src/model/secret.ts'
import type { Subject } from './connection.ts'

const holder: LockHolder = {
  ...{ run: 'r-1', user: 'ann', machine: 'ctl-1', pid: 7, state: '/s', since: 'noon', token: 't1' },
  by: 'run',
}

/**
 * The part of the contract that depends on how a shell comes to be: what it is told and says, how it ends, and who tests the
 * fence. For ways to a shell that share all else with one that passes the whole.
 */
export function shortContract(name: string, make: () => Promise<Subject>): void {
  describe(`a connection, in short: ${name}`, () => {
    let subject: Subject
    let connection: Connection
    const at = (file: string) => `${subject.scratch}/${file}`
    beforeAll(async () => {
      subject = await make()
      connection = await subject.connect()
    })
    afterAll(async () => {
      for (const job of await connection.jobs('')) await job.cancel()
      await connection.close()
      await subject.stop()
    })
    test('input, output, exit code, directory and variables', async () => {
      const stdin = ['password=', secret('env:TOKEN'), `\n'"\\$x`]
      const command = sh`cat; pwd; printenv GREETING; echo err >&2; exit 3`
      expect(
        await connection.exec(command, { stdin, cwd: subject.scratch, env: { GREETING: `it's "me"` } }),
      ).toEqual({
        kind: 'exit',
        code: 3,
        stdout: `password=value of env:TOKEN\n'"\\$x${subject.scratch}\nit's "me"\n`,
        stderr: 'err\n',
        truncated: false,
      })
      expect(await connection.exec(sh`cat; printenv GREETING`)).toMatchObject({ code: 1, stdout: '' })
    })
    test('a signal, a deadline and a cancel end it, and the next one runs', async () => {
      expect(await connection.exec(sh`kill -KILL $$`)).toMatchObject({ kind: 'signal', signal: 'KILL' })
      const lives = sh`trap '' TERM; echo $$; sleep 60 & wait`
      const late = await connection.exec(lives, { timeout: 0.2 })
      expect(late).toMatchObject({ kind: 'timeout' })
      const stop = new AbortController()
      const onLine = () => stop.abort()
      expect(await connection.exec(lives, { signal: stop.signal, onLine })).toMatchObject({
        kind: 'cancelled',
      })
      expect(await connection.exec(sh.read`kill -0 ${late.stdout.trim()}`)).toMatchObject({ code: 1 })
    })
    test('many at once each get their own answer', async () => {
      const numbers = Array.from({ length: 30 }, (_, at) => String(at))
      const answers = await Promise.all(
        numbers.map((one, at) => connection.exec(at % 3 ? sh.read`echo ${one}` : sh`echo ${one}`)),
      )
      expect(answers.map(({ stdout }) => stdout.trim())).toEqual(numbers)
    })
    test('a file arrives and returns', async () => {
      const bytes = randomBytes(1_500_000)
      const { sha256 } = await connection.put({ bytes }, at('file'))
      const parts: Buffer[] = []
      const sink = new PassThrough().on('data', (part: Buffer) => parts.push(part))
      expect(await connection.get(at('file'), sink)).toEqual({ size: bytes.length, sha256 })
      expect(Buffer.concat(parts).equals(bytes)).toBe(true)
    })
    test('a job is given its input, says its lines and is cancelled', async () => {
      const lines: string[] = []
      const job = await connection.job('a/b/1/said', sh`cat; exit 4`, { stdin: [secret('env:B')] })
      expect(await job.wait({ onLine: (line) => lines.push(line) })).toEqual({ kind: 'exit', code: 4 })
      expect(lines).toEqual(['value of env:B'])
      const long = await connection.job('a/b/1/long', sh`sleep 60`)
      await long.cancel()
      expect(await long.wait()).toEqual({ kind: 'cancelled' })
    })
    test('under the newest number of the lock it is done, under an older one nothing is', async () => {
      const { lock } = connection
      const number = (await lock.add((await lock.look()).number, { held: true, holder })) ?? 0
      let stale = 0
      const fenced = connection.fenced(number, () => void stale++)
      expect(await fenced.exec(sh`echo x >${at('one')}`)).toMatchObject({ kind: 'exit', code: 0 })
      await fenced.put({ text: 'x' }, at('two'))
      await (await fenced.job('f/b/1/j', sh`echo x >${at('three')}`)).wait()
      expect(stale).toBe(0)
      await lock.add(number, { held: true, holder: { ...holder, token: 't2' } })
      expect(await fenced.exec(sh`echo x >${at('four')}`)).toMatchObject({ kind: 'refused' })
      await expect(fenced.put({ text: 'x' }, at('five'))).rejects.toMatchObject({ fault: 'fenced' })
      await expect(fenced.job('f/b/2/j', sh`echo x >${at('six')}`)).rejects.toMatchObject({ fault: 'fenced' })
      expect(stale).toBe(3)
      const left = await fenced.exec(sh.read`cd ${subject.scratch}; echo *`)
      expect(left.stdout).toBe('file one three two\n')
    })
  })
}
