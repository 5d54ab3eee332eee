import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection } from '../../src/model/connection.ts'
import { sanitize } from '../../src/model/sanitize.ts'
import { bundled } from '../support/bundle.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

let sshd: Sshd
let connection: Connection
beforeAll(async () => {
  sshd = await startSshd('127.105.22.1', ['SetEnv HOME=/tmp'])
  connection = await openSsh(sshd.endpoint, { secrets: () => '', home: homedir() })
})
afterAll(async () => {
  await connection.close()
  await sshd.stop()
})
const at = (name: string) => join(sshd.directory, name)
const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
async function get(path: string): Promise<Buffer> {
  const sink = new PassThrough()
  const parts: Buffer[] = []
  sink.on('data', (part: Buffer) => parts.push(part))
  await connection.get(path, sink)
  return Buffer.concat(parts)
}

test('row 22: 1 GB of output ends with the right exit code, in bounded memory', async () => {
  const program = await bundled('test/faults/programs/one-command.ts')
  const flood = 'head -c 1000000000 /dev/zero | tr "\\0" x; head -c 20000000 /dev/zero >&2; exit 7'
  const { stdout } = await promisify(execFile)(process.execPath, [
    program,
    JSON.stringify(sshd.endpoint),
    flood,
  ])
  const result = JSON.parse(stdout.split('\n')[1] ?? '')
  expect(result).toMatchObject({ kind: 'exit', code: 7, truncated: true })
  expect(result.kept).toBeLessThan(4.2 * 1024 * 1024)
  expect(result.peak).toBeLessThan(256 * 1024 * 1024)
})

// Every byte there is, the halves of a character, NUL, what a terminal obeys.
const wild = Buffer.concat([
  Buffer.from(Array.from({ length: 256 }, (_, code) => code)),
  Buffer.from([0xc3, 0x28, 0xe2, 0x82, 0xf0, 0x9f, 0x00, 0xff, 0xfe]),
  Buffer.from('\u001b]52;c;AAAA\u0007\r\u202e\n'),
])

test.each([
  ['small', 1],
  ['large', 1000],
])('row 23: a %s file of any bytes arrives and returns as it is', async (name, times) => {
  const bytes = Buffer.concat(Array.from({ length: times }, () => wild))
  const path = at(`file ${name}`)
  expect((await connection.put({ bytes }, path)).sha256).toBe(sum(bytes))
  expect(readFileSync(path).equals(bytes)).toBe(true)
  expect((await get(path)).equals(bytes)).toBe(true)
})

test("row 23: a job's log holds them raw, its lines and those of a command are shown escaped", async () => {
  const path = at('wild')
  await connection.put({ bytes: wild }, path)
  const job = await connection.job('faults/bytes/1/cat', sh`cat ${path}; exit 2`)
  const lines: string[] = []
  expect(await job.wait({ onLine: (line) => lines.push(line) })).toEqual({ kind: 'exit', code: 2 })
  expect(readFileSync(job.log).equals(wild)).toBe(true)
  expect((await get(job.log)).equals(wild)).toBe(true)
  const said = await connection.exec(sh`cat ${path}; cat ${path} >&2; exit 3`)
  expect(said).toMatchObject({ kind: 'exit', code: 3 })
  for (const text of [lines.join('\n'), said.stdout, said.stderr]) {
    expect(text.length).toBeGreaterThan(200)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(sanitize(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
  }
})
