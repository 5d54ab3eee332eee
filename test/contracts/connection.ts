import { createHash, randomBytes } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readOnly } from '../../src/connect/read-only.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection, ExecResult } from '../../src/model/connection.ts'
import type { LockHolder } from '../../src/model/lock.ts'
import { secret } from '../../src/model/secret.ts'

/** A machine to try a connection on. */
export interface Subject {
  /** A new connection to the same machine, whose secrets are `value of NAME`. */
  readonly connect: () => Promise<Connection>
  /** A directory of the machine that exists and is empty. */
  readonly scratch: string
  /** Text that a TCP service of the machine at 127.79.0.200 sends to whoever comes. */
  readonly greeting: string
  readonly greeterPort: number
  readonly stop: () => Promise<void>
}

/** What every connection does, whichever way it goes. Its few commands are all that a fake's responder must know. */
export function connectionContract(name: string, make: () => Promise<Subject>): void {
  describe(`a connection: ${name}`, () => {
    let subject: Subject
    let connection: Connection
    const at = (file: string) => `${subject.scratch}/${file}`
    const fails = (fault: string) => expect.objectContaining({ name: 'ConnectionError', fault })
    const read = async (path: string, from = 0) => {
      const sink = new PassThrough()
      const parts: Buffer[] = []
      sink.on('data', (part: Buffer) => parts.push(part))
      const stored = await connection.get(path, sink, { from })
      return { stored, bytes: Buffer.concat(parts) }
    }
    beforeAll(async () => {
      subject = await make()
      connection = await subject.connect()
    })
    afterAll(async () => {
      for (const job of await connection.jobs('')) await job.cancel()
      await connection.close()
      await subject.stop()
    })

    describe('exec', () => {
      test('says what was printed, apart for each stream, and the exit code', async () => {
        expect(await connection.exec(sh`echo out; echo err >&2; exit 3`)).toEqual({
          kind: 'exit',
          code: 3,
          stdout: 'out\n',
          stderr: 'err\n',
          truncated: false,
        } satisfies ExecResult)
      })
      test('a word stays one word, whatever it holds', async () => {
        const word = `it's "$HOME" \`id\` \\ * ünï\ttab\nline`
        expect(await connection.exec(sh.read`printf %s ${word}`)).toMatchObject({ code: 0, stdout: word })
      })
      test('a command that kills its shell ended by a signal, and the next one runs', async () => {
        expect(await connection.exec(sh`kill -KILL $$`)).toMatchObject({ kind: 'signal', signal: 'KILL' })
        expect(await connection.exec(sh`exit 0`)).toMatchObject({ kind: 'exit', code: 0 })
      })
      test('a text is told with its secrets for what is said over a dialled connection, through who only reads too', () => {
        const text = ['Bearer ', secret('env:TOKEN')]
        expect(connection.reveal(text)).toBe('Bearer value of env:TOKEN')
        expect(readOnly(connection).reveal(text)).toBe('Bearer value of env:TOKEN')
      })

      test('input is empty unless it is given, and secrets are revealed in it', async () => {
        expect(await connection.exec(sh`cat`)).toMatchObject({ code: 0, stdout: '' })
        const stdin = ['password=', secret('env:TOKEN'), `\n'"\\$x`]
        expect(await connection.exec(sh`cat`, { stdin })).toMatchObject({
          stdout: `password=value of env:TOKEN\n'"\\$x`,
        })
      })
      test('directory and variables are of one command alone', async () => {
        const env = { GREETING: `it's "me" $HOME` }
        const inside = await connection.exec(sh`pwd; printenv GREETING`, { cwd: subject.scratch, env })
        expect(inside).toMatchObject({ code: 0, stdout: `${subject.scratch}\n${env.GREETING}\n` })
        expect(await connection.exec(sh`printenv GREETING`)).toMatchObject({ code: 1, stdout: '' })
      })
      test('lines come whole, without their ends, the last one too', async () => {
        const lines: string[] = []
        const onLine = (line: string, stream: string) => lines.push(`${stream}: ${line}`)
        await connection.exec(sh`printf 'one\ntwo ü\nthree'`, { onLine })
        expect(lines).toEqual(['stdout: one', 'stdout: two ü', 'stdout: three'])
      })
      test('at its deadline it is ended', async () => {
        expect(await connection.exec(sh`sleep 60`, { timeout: 0.2 })).toMatchObject({
          kind: 'timeout',
          seconds: 0.2,
        })
      })
      test('it is cancelled, before and while it runs', async () => {
        const stop = new AbortController()
        const running = connection.exec(sh`sleep 60`, { signal: stop.signal })
        setTimeout(() => stop.abort(), 50)
        expect(await running).toMatchObject({ kind: 'cancelled' })
        const late = await connection.exec(sh`echo late >${at('late')}`, { signal: stop.signal })
        expect(late).toMatchObject({ kind: 'cancelled' })
        await expect(read(at('late'))).rejects.toEqual(fails('io'))
      })
      test('commands run side by side', async () => {
        const waiting = connection.exec(sh`until [ -e ${at('go')} ]; do sleep 0.02; done`)
        await connection.put({ text: 'go' }, at('go'))
        expect(await waiting).toMatchObject({ kind: 'exit', code: 0 })
      })
      test('many at once each get their own answer', async () => {
        const words = Array.from({ length: 60 }, (_, at) => `word ${at}`)
        const answers = await Promise.all(words.map((word) => connection.exec(sh.read`printf %s ${word}`)))
        expect(answers.map((answer) => answer.stdout)).toEqual(words)
      })
    })

    describe('files', () => {
      test.each([0, 1, 1000, 32 * 1024, 100_000, 3_000_000])('%i bytes arrive and return', async (size) => {
        const bytes = randomBytes(size)
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        expect(await connection.put({ bytes }, at(`size ${size}`))).toEqual({ size, sha256 })
        const back = await read(at(`size ${size}`))
        expect(back.stored).toEqual({ size, sha256 })
        expect(back.bytes.equals(bytes)).toBe(true)
      })
      test('text has its secrets in it, and a stream is taken', async () => {
        await connection.put({ text: ['a=', secret('env:A')] }, at('text'))
        expect((await read(at('text'))).bytes.toString()).toBe('a=value of env:A')
        await connection.put({ stream: () => Readable.from(['ab', 'cd']), size: 4 }, at('stream'))
        expect((await read(at('stream'))).bytes.toString()).toBe('abcd')
      })
      test('the mode is 0600, or what is asked for', async () => {
        await connection.put({ text: 'x' }, at('mode'))
        expect(await connection.exec(sh.read`stat -c %a -- ${at('mode')}`)).toMatchObject({ stdout: '600\n' })
        await connection.put({ text: 'x' }, at('mode'), { mode: 0o4755 })
        expect(await connection.exec(sh.read`stat -c %a -- ${at('mode')}`)).toMatchObject({
          stdout: '4755\n',
        })
      })
      test('a file is replaced, but not when it must be new', async () => {
        await connection.put({ text: 'first' }, at('replaced'))
        await connection.put({ text: 'second' }, at('replaced'))
        const third = connection.put({ text: 'third' }, at('replaced'), { exclusive: true })
        await expect(third).rejects.toEqual(fails('refused'))
        expect((await read(at('replaced'))).bytes.toString()).toBe('second')
        await connection.put({ text: 'new' }, at('new'), { exclusive: true })
        expect((await read(at('new'))).bytes.toString()).toBe('new')
      })
      test('nothing is left of what is not as announced', async () => {
        const sha256 = '0'.repeat(64)
        for (const text of ['small', 'large '.repeat(20_000)])
          await expect(connection.put({ text }, at('wrong'), { sha256 })).rejects.toEqual(fails('io'))
        const short = { stream: () => Readable.from(['ab']), size: 3 }
        await expect(connection.put(short, at('wrong'))).rejects.toEqual(fails('io'))
        const long = { stream: () => Readable.from(['ab', 'cd']), size: 3 }
        await expect(connection.put(long, at('wrong'))).rejects.toEqual(fails('io'))
        await expect(read(at('wrong'))).rejects.toEqual(fails('io'))
        expect(await connection.exec(sh.read`ls -A ${subject.scratch}`)).toMatchObject({
          stdout: expect.not.stringContaining('.upgrade-fleet-'),
        })
      })
      test('a missing directory or file is an error', async () => {
        await expect(connection.put({ text: 'x' }, at('no/file'))).rejects.toEqual(fails('io'))
        await expect(read(at('none'))).rejects.toEqual(fails('io'))
        await expect(connection.put({ text: 'x' }, 'relative')).rejects.toThrow(TypeError)
      })
      test('what the machine has by its digest does not travel again, and is proved', async () => {
        const bytes = randomBytes(200_000)
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        let opened = 0
        const stream = () => {
          opened += 1
          return Readable.from([bytes])
        }
        const seen: number[] = []
        const onProgress = (done: number) => seen.push(done)
        await connection.put({ stream, size: bytes.length }, at('kept'), { sha256, cache: true })
        const again = await connection.put({ stream, size: bytes.length }, at('kept again'), {
          sha256,
          mode: 0o640,
          onProgress,
        })
        expect(again).toEqual({ size: bytes.length, sha256 })
        expect((await read(at('kept again'))).bytes.equals(bytes)).toBe(true)
        expect(seen.at(-1)).toBe(bytes.length)
        expect(opened).toBe(1)
        const taken = connection.put({ stream, size: bytes.length }, at('kept'), { sha256, exclusive: true })
        await expect(taken).rejects.toEqual(fails('refused'))
      })
      test('a file is read from an offset on', async () => {
        for (const size of [1000, 3_000_000]) {
          const bytes = randomBytes(size)
          await connection.put({ bytes }, at('rest'))
          for (const from of [1, size - 1, size]) {
            const rest = bytes.subarray(from)
            const back = await read(at('rest'), from)
            const sha256 = createHash('sha256').update(rest).digest('hex')
            expect(back.stored).toEqual({ size: rest.length, sha256 })
            expect(back.bytes.equals(rest)).toBe(true)
          }
        }
      })
      test('progress ends with all of it', async () => {
        const seen: number[] = []
        await connection.put({ bytes: Buffer.alloc(500_000) }, at('progress'), {
          onProgress: (done) => seen.push(done),
        })
        expect(seen.at(-1)).toBe(500_000)
        expect([...seen].sort((a, b) => a - b)).toEqual(seen)
      })
    })

    describe('jobs', () => {
      test('a job says its lines and its exit code, and is started once', async () => {
        const command = sh`echo started >>${at('count')}; echo one; echo two >&2; exit 4`
        const first = await connection.job('run 1/task/1/once', command)
        const lines: string[] = []
        expect(await first.wait({ onLine: (line) => lines.push(line) })).toEqual({ kind: 'exit', code: 4 })
        expect(lines).toEqual(['one', 'two'])
        expect(await first.running()).toBe(false)
        const other = await subject.connect()
        const again = await other.job('run 1/task/1/once', command)
        const seen: string[] = []
        expect(await again.wait({ onLine: (line) => seen.push(line) })).toEqual({ kind: 'exit', code: 4 })
        expect(seen).toEqual(['one', 'two'])
        await other.close()
        expect((await read(at('count'))).bytes.toString()).toBe('started\n')
      })
      test('racers start it once', async () => {
        const others = await Promise.all(Array.from({ length: 8 }, () => subject.connect()))
        const jobs = await Promise.all(
          others.map((one) => one.job('race/a/1/job', sh`echo raced >>${at('race')}`)),
        )
        for (const job of jobs) expect(await job.wait()).toEqual({ kind: 'exit', code: 0 })
        expect((await read(at('race'))).bytes.toString()).toBe('raced\n')
        await Promise.all(others.map((one) => one.close()))
      })
      test('its input, directory and variables reach it', async () => {
        const options = { stdin: [secret('env:B')], cwd: subject.scratch, env: { GREETING: 'hi there' } }
        const job = await connection.job('input/a/1/job', sh`pwd; printenv GREETING; cat`, options)
        const lines: string[] = []
        expect(await job.wait({ onLine: (line) => lines.push(line) })).toEqual({ kind: 'exit', code: 0 })
        expect(lines).toEqual([subject.scratch, 'hi there', 'value of env:B'])
      })
      test('the end of waiting is not its end; cancelling is', async () => {
        const job = await connection.job('long/a/1/job', sh`sleep 60`)
        expect(await job.wait({ timeout: 0.1 })).toEqual({ kind: 'timeout', seconds: 0.1 })
        const stop = new AbortController()
        setTimeout(() => stop.abort(), 50)
        expect(await job.wait({ signal: stop.signal })).toEqual({ kind: 'cancelled' })
        expect(await job.running()).toBe(true)
        await job.cancel()
        expect(await job.running()).toBe(false)
        expect(await job.wait()).toEqual({ kind: 'cancelled' })
        await job.cancel()
      })
      test('cancelling one that has ended changes nothing', async () => {
        const job = await connection.job('ended/a/1/job', sh`exit 0`)
        await job.wait()
        await job.cancel()
        expect(await job.wait()).toEqual({ kind: 'exit', code: 0 })
      })
      test('they are listed by whole parts of their ids', async () => {
        for (const id of ['list/a/1/job', 'list/a/2/job', 'list/ab/1/job', 'listed/a/1/job'])
          await (await connection.job(id, sh`exit 0`)).wait()
        const ids = async (prefix: string) => (await connection.jobs(prefix)).map((job) => job.id).sort()
        expect(await ids('list')).toEqual(['list/a/1/job', 'list/a/2/job', 'list/ab/1/job'])
        expect(await ids('list/a')).toEqual(['list/a/1/job', 'list/a/2/job'])
        expect(await ids('nobody')).toEqual([])
        const [found] = await connection.jobs('list/ab')
        expect(await found?.wait()).toEqual({ kind: 'exit', code: 0 })
      })
      test.each(['..', 'a/../b', '/a', 'a//b', 'a/', '', 'a/.hidden', 'a/log'])('%j is no id', async (id) => {
        await expect(connection.job(id, sh`exit 0`)).rejects.toThrow(TypeError)
      })
    })

    describe('the lock', () => {
      const holder: LockHolder = {
        run: 'r-1',
        user: `o'brien "x"`,
        machine: 'ctl-1',
        pid: 7,
        state: '/home/x y/.upgrade-fleet',
        since: '2026-11-22T10:00:00.000Z',
        token: 't1',
        by: 'run',
      }
      const nothing = () => undefined
      const newest = async () => (await connection.lock.look()).number
      const take = async () => {
        const number = await connection.lock.add(await newest(), { held: true, holder })
        if (number === undefined) throw new Error('somebody was quicker')
        return number
      }
      test('its states are counted for ever, and the newest is what was noted', async () => {
        const first = await take()
        expect(await connection.lock.look()).toEqual({ number: first, held: true, holder })
        const other = await subject.connect()
        expect(await other.lock.look()).toEqual({ number: first, held: true, holder })
        expect(await other.lock.add(first - 1, { held: true, holder })).toBeUndefined()
        expect(await other.lock.add(first + 1, { held: true, holder })).toBeUndefined()
        expect(await other.lock.add(first, { held: false, holder })).toBe(first + 1)
        expect(await connection.lock.look()).toEqual({ number: first + 1, held: false, holder })
        await other.close()
      })
      test('of many who add a state at once one does', async () => {
        const others = await Promise.all(Array.from({ length: 6 }, () => subject.connect()))
        const before = await newest()
        const added = await Promise.all(others.map((one) => one.lock.add(before, { held: true, holder })))
        expect(added.filter((number) => number !== undefined)).toEqual([before + 1])
        expect(await newest()).toBe(before + 1)
        await Promise.all(others.map((one) => one.close()))
      })
      test('it is taken in one go, by one of many, and not from who has it', async () => {
        const names = ['t1', 't2', 't3', 't4', 't5', 't6']
        const others = await Promise.all(names.map(() => subject.connect()))
        await connection.lock.add(await newest(), { held: false, holder })
        const before = await newest()
        const said = await Promise.all(
          others.map((one, at) => one.lock.take({ ...holder, token: names[at] ?? '' })),
        )
        const winner = said[0]?.holder?.token
        expect(names).toContain(winner)
        const state = { number: before + 1, held: true, holder: { ...holder, token: winner } }
        expect(said).toEqual(names.map(() => state))
        expect(await connection.lock.look()).toEqual(state)
        await connection.lock.add(state.number, { held: false, holder })
        expect((await connection.lock.take(holder)).number).toBe(state.number + 2)
        await Promise.all(others.map((one) => one.close()))
      })
      test('under its newest number everything is done', async () => {
        let stale = 0
        const fenced = connection.fenced(await take(), () => stale++)
        expect(await fenced.exec(sh`echo a >${at('fenced-a')}; exit 4`)).toMatchObject({
          kind: 'exit',
          code: 4,
        })
        expect(await fenced.exec(sh`cat`, { stdin: 'in' })).toMatchObject({ stdout: 'in' })
        await fenced.put({ text: 'small' }, at('fenced-b'))
        await fenced.put({ bytes: Buffer.alloc(100_000) }, at('fenced-c'))
        const job = await fenced.job('fenced/a/1/fine', sh`echo done`, { stdin: 'x' })
        expect(await job.wait()).toEqual({ kind: 'exit', code: 0 })
        await (await fenced.job('fenced/a/1/long', sh`sleep 60`)).cancel()
        expect(stale).toBe(0)
      })
      test('under an older one nothing is changed, and all is read', async () => {
        let stale = 0
        const number = await take()
        const fenced = connection.fenced(number, () => stale++)
        await fenced.put({ text: 'kept' }, at('kept'))
        const [running] = [await fenced.job('fenced/b/1/long', sh`sleep 60`)]
        await connection.lock.add(number, { held: false, holder })
        expect(await fenced.exec(sh`echo x >${at('stale')}`)).toMatchObject({ kind: 'refused', stdout: '' })
        expect(await fenced.exec(sh`echo x >${at('stale')}`, { stdin: 'in' })).toMatchObject({
          kind: 'refused',
        })
        await expect(fenced.put({ text: 'x' }, at('stale'))).rejects.toEqual(fails('fenced'))
        await expect(fenced.put({ bytes: Buffer.alloc(100_000) }, at('stale'))).rejects.toEqual(
          fails('fenced'),
        )
        await expect(fenced.job('fenced/b/1/new', sh`echo x >${at('stale')}`)).rejects.toEqual(
          fails('fenced'),
        )
        await expect(running.cancel()).rejects.toEqual(fails('fenced'))
        const [listed] = await fenced.jobs('fenced/b')
        await expect(listed?.cancel()).rejects.toEqual(fails('fenced'))
        expect(stale).toBe(7)
        await expect(read(at('stale'))).rejects.toEqual(fails('io'))
        expect((await fenced.jobs('fenced/b')).map((job) => job.id)).toEqual(['fenced/b/1/long'])
        expect(await running.running()).toBe(true)
        expect(await fenced.exec(sh.read`printf %s x`)).toMatchObject({ kind: 'exit', stdout: 'x' })
        expect(await fenced.get(at('kept'), new PassThrough().resume())).toMatchObject({ size: 4 })
        const taken = connection.fenced(await take(), nothing)
        const [mine] = await taken.jobs('fenced/b')
        await mine?.cancel()
        expect(await running.running()).toBe(false)
      })
      test('a file that was long on its way does not appear when the lock has passed on meanwhile', async () => {
        const number = await take()
        const fenced = connection.fenced(number, nothing)
        async function* slow() {
          yield Buffer.alloc(40_000)
          await connection.lock.add(number, { held: false, holder })
          yield Buffer.alloc(40_000)
        }
        const put = fenced.put({ stream: () => Readable.from(slow()), size: 80_000 }, at('slow'))
        await expect(put).rejects.toEqual(fails('fenced'))
        await expect(read(at('slow'))).rejects.toEqual(fails('io'))
        expect(await connection.exec(sh.read`ls -A ${subject.scratch}`)).toMatchObject({
          stdout: expect.not.stringContaining('.upgrade-fleet-'),
        })
      })
    })

    test('the machine is asked to call somewhere', async () => {
      const socket = await connection.dial('127.79.0.200', subject.greeterPort)
      const said = await new Promise<string>((resolve, reject) => {
        socket.once('error', reject).once('data', (chunk: Buffer) => resolve(chunk.toString()))
      })
      socket.destroy()
      expect(said).toBe(subject.greeting)
      await expect(connection.dial('127.79.0.201', subject.greeterPort)).rejects.toEqual(fails('refused'))
    })
    test('what is asked of a closed connection is not sent', async () => {
      const other = await subject.connect()
      await other.close()
      await expect(other.exec(sh`echo closed >${at('closed')}`)).rejects.toEqual(fails('unreachable'))
      await expect(read(at('closed'))).rejects.toEqual(fails('io'))
    })
    test('our directory is absolute and the same each time', async () => {
      const path = await connection.workdir()
      expect(path).toMatch(/^\//)
      expect(await connection.workdir()).toBe(path)
    })
  })
}

/** What a connection that only reads leaves alone; its own suite, since the machine must be fresh. */
export function freshContract(name: string, make: () => Promise<Subject>): void {
  test(`reading makes nothing on a machine: ${name}`, async () => {
    const subject = await make()
    const connection = await subject.connect()
    try {
      expect(await connection.jobs('a')).toEqual([])
      expect(await connection.lock.look()).toEqual({ number: 0, held: false, holder: undefined })
      await connection.exec(sh.read`printf %s x`)
      expect(await connection.exec(sh.read`ls -A ${subject.scratch}`)).toMatchObject({ stdout: '' })
    } finally {
      await connection.close()
      await subject.stop()
    }
  })
}
