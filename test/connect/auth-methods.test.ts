import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Method, nextMethod } from '../../src/connect/auth-methods.ts'
import { deadline } from '../../src/connect/deadline.ts'
import { dropped } from '../../src/connect/first-words.ts'
import { inspectKey, unusable } from '../../src/connect/key-file.ts'
import { keepRefusals } from '../../src/connect/refusals.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import { ConnectionError } from '../../src/model/errors.ts'
import { secret } from '../../src/model/secret.ts'
import { fidoPrivate, fidoPublic } from '../support/fido.ts'

describe('what is tried next', () => {
  const [pk, pw, ki] = ['publickey', 'password', 'keyboard-interactive']
  type Came = readonly (readonly [string, 'accepted' | 'refused'])[]
  test.each<[string, string, readonly string[] | undefined, Came, string | undefined]>([
    ['key', 'a key alone is offered at once', undefined, [], pk],
    ['key', 'and never again', [pk], [[pk, 'refused']], undefined],
    ['key', 'and no other way without a password', [pk, pw, ki], [[pk, 'refused']], undefined],
    ['key', 'but a code after it', [ki], [[pk, 'accepted']], ki],
    ['key', 'and no password that nobody has', [pw], [[pk, 'accepted']], undefined],
    ['agent', 'an agent asks what is offered first', undefined, [], 'none'],
    ['agent', 'then its key', [pk], [], pk],
    ['password', 'a password asks what is offered first', undefined, [], 'none'],
    ['password', 'a password', [pk, pw], [], pw],
    ['password', 'by keyboard-interactive first', [pw, ki], [], ki],
    ['password', 'which may not have asked for it', [pw, ki], [[ki, 'refused']], pw],
    [
      'refused password',
      'but one that is refused is so in every way',
      [pw, ki],
      [[ki, 'refused']],
      undefined,
    ],
    ['password', 'not where none is taken', [pk, 'gssapi-with-mic'], [], undefined],
    ['key password', 'both: the key first', [pw, ki, pk], [], pk],
    ['key password', 'then the password', [pw, pk], [[pk, 'refused']], pw],
    ['key password', 'or the password first', [pw], [], pw],
    ['key password', 'and then the key', [pk], [[pw, 'accepted']], pk],
    [
      'key password',
      'and not the password twice',
      [pw],
      [
        [pk, 'accepted'],
        [pw, 'accepted'],
      ],
      undefined,
    ],
    ['key password', 'nothing is offered', [''], [], undefined],
  ])('%s: %s', (have, _why, offered, came, next) => {
    const at = {
      key: /key|agent/.test(have),
      password: /password/.test(have),
      asksFirst: /password|agent/.test(have),
      tried: new Map(came as readonly (readonly [Method, 'accepted' | 'refused'])[]),
      offered,
      passwordRefused: /refused/.test(have),
    }
    expect(nextMethod(at)).toBe(next)
  })
})

describe('a password that many have', () => {
  const turn = (refusals: ReturnType<typeof keepRefusals>, host: string, user = 'ann') =>
    refusals.turn('pw', user, `${host}:22`, host)
  const trial = async (coming: ReturnType<typeof turn>) => {
    const came = await coming
    return 'end' in came ? came : expect.fail(came.barred)
  }

  test('is tried by one at a time until it is accepted, then by all', async () => {
    const refusals = keepRefusals()
    const first = await trial(turn(refusals, 'a'))
    const others = ['b', 'c', 'd'].map((host) => turn(refusals, host))
    let come = 0
    for (const other of others) void other.then(() => (come += 1))
    await Promise.resolve()
    expect(come).toBe(0)
    // It went away before its password was judged: the next one tries.
    first.end('unknown')
    const second = await trial(Promise.race(others))
    expect(come).toBe(1)
    second.end('accepted')
    for (const other of others) await trial(other)
  })
  test('is barred for all after a first refusal, and for one user alone', async () => {
    const refusals = keepRefusals()
    const first = await trial(turn(refusals, 'a'))
    const others = ['b', 'c'].map((host) => turn(refusals, host))
    first.end('refused')
    expect(await Promise.all(others)).toEqual(Array(2).fill({ barred: 'it was refused by a' }))
    await trial(turn(refusals, 'b', 'root'))
  })
  test('once accepted, a refusal bars it where it was refused', async () => {
    const refusals = keepRefusals()
    ;(await trial(turn(refusals, 'a'))).end('accepted')
    ;(await trial(turn(refusals, 'b'))).end('refused')
    expect(await turn(refusals, 'b')).toEqual({ barred: 'it was refused by b' })
    await trial(turn(refusals, 'c'))
  })
  test('a server that does not answer it is not sent it again, nor is anybody once two have not', async () => {
    const refusals = keepRefusals()
    ;(await trial(turn(refusals, 'a'))).end('unanswered')
    expect(await turn(refusals, 'a')).toMatchObject({ barred: expect.stringMatching(/^a did not answer/) })
    ;(await trial(turn(refusals, 'b'))).end('unanswered')
    expect(await turn(refusals, 'c')).toMatchObject({ barred: expect.stringMatching(/^a and b did not/) })
  })
  test('one that has accepted it may be silent once', async () => {
    const refusals = keepRefusals()
    for (const verdict of ['accepted', 'unanswered', 'accepted', 'unanswered', 'unanswered'] as const)
      (await trial(turn(refusals, 'a'))).end(verdict)
    expect(await turn(refusals, 'a')).toMatchObject({ barred: expect.stringContaining('-T SECONDS') })
    ;(await trial(turn(refusals, 'b'))).end('unanswered')
    expect(await turn(refusals, 'b')).toHaveProperty('barred')
    await trial(turn(refusals, 'c'))
  })
})

describe('keys by their text', () => {
  // A certificate of ssh-keygen, and a FIDO key made by hand that ssh-keygen and ssh-agent read.
  const certificate = `ssh-ed25519-cert-v01@openssh.com ${Buffer.from('\0\0\0\x20ssh-ed25519-cert-v01@openssh.com').toString('base64')} me`
  test.each([
    ['a FIDO key', fidoPublic, 'public', /FIDO key \(sk-ssh-ed25519@openssh\.com\)/],
    ['the file of a FIDO key', fidoPrivate(), 'openssh', /FIDO key/],
    ['a certificate', certificate, 'public', /OpenSSH certificate/],
    [
      'a FIDO certificate',
      'sk-ecdsa-sha2-nistp256-cert-v01@openssh.com AAAA',
      'public',
      /OpenSSH certificate/,
    ],
    ['a plain public key', 'ssh-ed25519 AAAA me', 'public', undefined],
    ['PEM', '-----BEGIN RSA PRIVATE KEY-----\nAA', 'pem', undefined],
    ['PKCS#8', '-----BEGIN PRIVATE KEY-----\nAA', 'pkcs8', undefined],
    ['cut short', fidoPrivate().slice(0, 60), 'openssh', undefined],
    ['no key', 'hello', 'other', undefined],
    ['nothing', '', 'other', undefined],
  ])('%s', (_name, text, format, why) => {
    const found = inspectKey(text)
    expect(found.format).toBe(format)
    const said = unusable(found.type ?? '')
    if (why === undefined) expect(said).toBeUndefined()
    else expect(said).toMatch(why)
  })
  test.each([
    ['-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n', true],
    ['-----BEGIN EC PRIVATE KEY-----\nMHc=', false],
    ['-----BEGIN ENCRYPTED PRIVATE KEY-----\nMHc=', true],
  ])('%j is encrypted: %s', (text, encrypted) => expect(inspectKey(text).encrypted).toBe(encrypted))
})

describe('a deadline', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  test('stands still while somebody here is waited for', () => {
    const strike = vi.fn()
    const limit = deadline(1000, strike)
    vi.advanceTimersByTime(600)
    const [goOn, also] = [limit.pause(), limit.pause()]
    vi.advanceTimersByTime(50_000)
    goOn()
    goOn()
    expect(limit.paused()).toBe(true)
    also()
    vi.advanceTimersByTime(399)
    expect(strike).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(strike).toHaveBeenCalledOnce()
  })
  test('does not strike after its end', () => {
    const strike = vi.fn()
    const limit = deadline(1000, strike)
    const goOn = limit.pause()
    limit.end()
    goOn()
    vi.advanceTimersByTime(5000)
    expect(strike).not.toHaveBeenCalled()
  })
})

// The line of OpenSSH 9.8 and later, which is not here: its words come from its source.
describe('a server that punishes', () => {
  test.each([
    ['Not allowed at this time\r\n', /PerSourcePenalties[\s\S]*PerSourcePenaltyExemptList/],
    ['Exceeded MaxStartups\r\n', undefined],
    ['', undefined],
  ])('%j', (words, said) => {
    if (said === undefined) expect(dropped(words)).toBeUndefined()
    else expect(dropped(words)).toMatch(said)
  })
  test('is not called again by itself', async () => {
    let calls = 0
    const server = createServer((socket) => {
      calls += 1
      socket
        .on('error', () => undefined)
        .resume()
        .end('Not allowed at this time\r\n')
    })
    await new Promise<void>((resolve) => server.listen(2222, '127.101.0.40', resolve))
    const endpoint: Endpoint = {
      name: 'h',
      kind: 'ssh',
      address: '127.101.0.40',
      port: 2222,
      user: 'ann',
      password: secret('env:PW'),
      hostKeyFingerprints: [`SHA256:${'a'.repeat(43)}`],
    }
    const opening = openSsh(endpoint, { secrets: () => 'pw', home: '/nowhere' })
    const error: unknown = await opening.catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({
      fault: 'unreachable',
      message: expect.stringMatching(/^h: \S+ hung up at once: /),
    })
    expect(calls).toBe(1)
    await new Promise((resolve) => server.close(resolve))
  })
})
