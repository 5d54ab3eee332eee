import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secret } from '../../src/model/secret.ts'
import { partOf } from '../../src/modules/archives/mark.ts'
import { type DownloadInput, download } from '../../src/modules/downloads/download.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { startFileServer } from '../support/file-server.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { localPlace, sshPlace } from '../support/places.ts'
import { changeContract } from './contract.ts'

const server = await startFileServer('127.118.0.10')
const other = await startFileServer('127.118.0.11')
const bytes = randomBytes(1_000_000)
const digest = (content: Buffer) => createHash('sha256').update(content).digest('hex')
const sha256 = digest(bytes)
const root = mkdtempSync(join(fastDirectory(), 'downloads-'))
let local: LocalOn
let dir: string
let at = 0
let path: string

beforeAll(async () => {
  local = await localOn(join(root, 'here'), () => `to"k\\e n'$(x)`)
})
beforeEach(() => {
  dir = join(root, `${++at}`)
  mkdirSync(dir)
  path = `/pack-${at}.zip`
  server.asked.length = 0
})
afterAll(async () => {
  await local.close()
  await server.stop()
  await other.stop()
  rmSync(root, { recursive: true })
})

const input = (more: Partial<DownloadInput> = {}): DownloadInput => ({
  url: `${server.url}${path}`,
  dest: join(dir, `it's.zip`),
  sha256,
  ...more,
})
const arrived = () => readFileSync(join(dir, `it's.zip`)).equals(bytes)

/** The machine with nothing but these programs beside the usual ones. */
function only(program: 'curl' | 'wget' | 'none'): LocalOn {
  const bin = join(dir, '..', `bin-${program}`)
  if (!existsSync(bin)) {
    mkdirSync(bin)
    const tools =
      'sh stat ls mkdir rm mv cp cat head tail sha256sum cut sort xargs find grep sed ln id base64 tr dirname readlink chmod chown sync touch setsid date ps sleep cmp'
    for (const tool of [...tools.split(' '), ...(program === 'none' ? [] : [program])])
      execFileSync('sh', ['-c', 'ln -s "$(readlink -f "$(command -v "$1")")" "$2/$1"', 'sh', tool, bin])
  }
  const { on } = local
  const env = { PATH: bin }
  return {
    ...local,
    on: {
      ...on,
      exec: (command, options) => on.exec(command, { ...options, env }),
      must: (command, options) => on.must(command, { ...options, env }),
      job: (name, command, options) => on.job(name, command, { ...options, env }),
    },
  }
}

describe.each(['curl', 'wget', 'controller'] as const)('by %s, a file', (by) => {
  const machine = () => (by === 'controller' ? local : only(by))
  const from = by === 'controller' ? by : undefined

  test('comes whole, once; undone, what stood there is back', async () => {
    server.files.set(path, { content: bytes })
    writeFileSync(join(dir, `it's.zip`), 'before')
    const action = download(input({ from, mode: '0640' }))
    const made = await perform(machine(), action)
    expect(arrived()).toBe(true)
    expect(statSync(join(dir, `it's.zip`)).mode & 0o777).toBe(0o640)
    expect((await perform(machine(), action)).changed).toBe(false)
    await made.undo()
    expect(readFileSync(join(dir, `it's.zip`), 'utf8')).toBe('before')
    expect(readdirSync(dir)).toEqual([`it's.zip`])
  })

  test('that breaks off twice goes on from what has come', async () => {
    server.files.set(path, { content: bytes, etag: '"1"', cutAfter: 300_000, cuts: 2 })
    await perform(machine(), download(input({ from })))
    expect(arrived()).toBe(true)
    // What was under way in this process when it broke off is asked for again.
    const exact = ['', 'bytes=300000-', 'bytes=600000-'].map((range) => `GET ${path} ${range}`.trim())
    if (by === 'controller')
      expect(server.asked.map((one) => / bytes=[1-9]/.test(one))).toEqual([false, true, true])
    else expect(server.asked).toEqual(exact)
  })

  test('of other bytes is thrown away, and nothing stays', async () => {
    server.files.set(path, { content: randomBytes(5000) })
    await expect(perform(machine(), download(input({ from })))).rejects.toThrow(/SHA-256/)
    expect(readdirSync(dir).filter((name) => !name.startsWith('.upgrade-fleet-part'))).toEqual([])
  })

  test('that is too long, not there, or behind too many redirects is refused', async () => {
    server.files.set(path, { content: bytes })
    await expect(perform(machine(), download(input({ from, maxBytes: 100_000 })))).rejects.toThrow(
      /more (bytes )?than/,
    )
    server.files.set(path, { content: bytes, location: `${other.url}/a` })
    other.files.set('/a', { content: bytes, location: '/b' })
    other.files.set('/b', { content: bytes })
    await expect(perform(machine(), download(input({ from, redirects: 1 })))).rejects.toThrow()
    await perform(machine(), download(input({ from, redirects: 2 })))
    expect(arrived()).toBe(true)
    await expect(
      perform(machine(), download(input({ from, url: `${server.url}/none`, dest: join(dir, 'n') }))),
    ).rejects.toThrow(/404|ended with/)
    expect(existsSync(join(dir, 'n'))).toBe(false)
  })
})

describe.each(['curl', 'wget'] as const)('by %s, in a later run,', (by) => {
  test('it goes on from what is there; a part that is not its beginning is thrown away', async () => {
    server.files.set(path, { content: bytes })
    const part = partOf(join(dir, `it's.zip`))
    const left = (content: Buffer) => {
      rmSync(join(dir, `it's.zip`), { force: true })
      mkdirSync(part, { mode: 0o700 })
      writeFileSync(join(part, sha256), content, { mode: 0o600 })
    }
    left(bytes.subarray(0, 700_000))
    await perform(only(by), download(input()))
    expect([arrived(), server.asked]).toEqual([true, [`GET ${path} bytes=700000-`]])
    for (const wrong of [randomBytes(1000), randomBytes(bytes.length), randomBytes(bytes.length + 9)]) {
      left(wrong)
      await perform(only(by), download(input()))
      expect(arrived()).toBe(true)
    }
    server.files.set(path, { content: bytes, noRanges: true })
    left(bytes.subarray(0, 1000))
    await perform(only(by), download(input()))
    expect([arrived(), readdirSync(dir)]).toEqual([true, [`it's.zip`]])
  })

  test('headers reach the server alone, with their secrets, and follow no redirect', async () => {
    const authorization = `Bearer to"k\\e n'$(x)`
    server.files.set(path, { content: bytes, authorization })
    const headers = { Authorization: ['Bearer ', secret('env:T')] }
    await perform(only(by), download(input({ headers })))
    expect(arrived()).toBe(true)
    server.files.set(path, { content: bytes, location: `${other.url}/secret` })
    const before = other.asked.length
    await expect(perform(only(by), download(input({ headers, dest: join(dir, 'x') })))).rejects.toThrow()
    expect(other.asked.length).toBe(before)
    const found = execFileSync('sh', ['-c', 'grep -rl "k.e n" "$1" || :', 'sh', root], { encoding: 'utf8' })
    expect(found).toBe('')
  })
})

test('by curl, a file that became another meanwhile is fetched anew by its validator', async () => {
  const part = partOf(join(dir, `it's.zip`))
  mkdirSync(part, { mode: 0o700 })
  writeFileSync(join(part, sha256), randomBytes(1000), { mode: 0o600 })
  writeFileSync(join(part, `${sha256}.tag`), '"old"\n', { mode: 0o600 })
  server.files.set(path, { content: bytes, etag: '"new"' })
  await perform(only('curl'), download(input()))
  expect([arrived(), server.asked.at(-1)]).toEqual([true, `GET ${path}`])
})

test('by https, the certificate is checked, and nothing leads back to http', async () => {
  const [key, cert] = [join(dir, 'key'), join(dir, 'cert')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      '-subj',
      '/CN=x',
      '-addext',
      'subjectAltName=IP:127.118.0.12',
    ],
    { stdio: 'ignore' },
  )
  const secure = await startFileServer('127.118.0.12', { key: readFileSync(key), cert: readFileSync(cert) })
  try {
    secure.files.set('/a', { content: bytes })
    secure.files.set('/down', { content: bytes, location: `${server.url}${path}` })
    server.files.set(path, { content: bytes })
    for (const by of ['curl', 'wget', 'controller'] as const) {
      const machine = by === 'controller' ? local : only(by)
      const to = (url: string, ca?: string) =>
        perform(
          machine,
          download({
            url: `${secure.url}${url}`,
            dest: join(dir, by),
            sha256,
            ca,
            ...(by === 'controller' && { from: by }),
          }),
        )
      await expect(to('/a'), by).rejects.toThrow()
      await expect(to('/down', cert), by).rejects.toThrow()
      expect(existsSync(join(dir, by))).toBe(false)
      await to('/a', cert)
      expect(digest(readFileSync(join(dir, by)))).toBe(sha256)
    }
  } finally {
    await secure.stop()
  }
})

test('where neither curl nor wget is, the controller fetches it, and says so', async () => {
  server.files.set(path, { content: bytes })
  await perform(only('none'), download(input()))
  expect([arrived(), local.said.at(-1)]).toEqual([
    true,
    'neither curl nor GNU wget is there: the controller fetches it',
  ])
  server.files.set(path, { content: bytes, noLength: true })
  await expect(perform(only('none'), download(input({ dest: join(dir, 'x') })))).rejects.toThrow(
    /how long it is/,
  )
  await expect(
    perform(only('none'), download(input({ headers: { A: 'b' }, dest: join(dir, 'x') }))),
  ).rejects.toThrow(/install one/)
})

test('no room: nothing is left but what has come', async () => {
  server.files.set(path, { content: bytes })
  const full = join(dir, 'full')
  mkdirSync(full)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=500k', 'none', full])
  try {
    for (const from of ['host', 'controller'] as const)
      await expect(perform(local, download(input({ from, dest: join(full, 'a') })))).rejects.toThrow(
        /No space left/,
      )
    expect(existsSync(join(full, 'a'))).toBe(false)
  } finally {
    execFileSync('umount', [full])
  }
})

test.each([
  ['ftp://x/a', /http or https/],
  ['http://user:pw@x/a', /no user or password/],
  ['http://x/a\nheader', /http or https/],
])('the address %j is refused', async (url, why) => {
  await expect(perform(local, download(input({ url })))).rejects.toThrow(why)
})

const cases = (['host', 'controller'] as const).map((from) => ({
  name: `download from the ${from}`,
  prepare: (dir: string) => {
    server.files.set('/contract', { content: bytes })
    if (from === 'host') writeFileSync(join(dir, 'x'), 'old', { mode: 0o604 })
  },
  action: (dir: string) => download({ url: `${server.url}/contract`, dest: join(dir, 'x'), sha256, from }),
}))
changeContract('a download', localPlace, cases)
changeContract('a download, over ssh', () => sshPlace('127.118.0.2'), cases)
