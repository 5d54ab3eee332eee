import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSsh } from '../../src/connect/ssh.ts'
import { cacheBounds } from '../../src/connect/store-scripts.ts'
import { memoryJournal } from '../../src/journal/memory.ts'
import type { On } from '../../src/model/action.ts'
import type { Connection } from '../../src/model/connection.ts'
import { fold } from '../../src/model/state.ts'
import { stage, stagedPath } from '../../src/modules/artifact.ts'
import { onFor } from '../../src/run/on.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { proxied, type TcpProxy } from '../support/proxy.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

const size = 1_500_000
const bytes = randomBytes(size)
const sha256 = createHash('sha256').update(bytes).digest('hex')

interface Node {
  readonly sshd: Sshd
  readonly way: TcpProxy
  readonly machine: Connection
  /** Where programs lie that are found before the system's. */
  readonly bin: string
}
let nodes: Node[]
let here: string
let file: string
let count = 0

/** A host whose own ssh has a key of its own, and which the controller reaches over a way that counts. */
async function node(): Promise<Node> {
  count += 1
  const bin = join(here, `bin-${count}`)
  mkdirSync(bin)
  const sshd = await startSshd(`127.104.1.${count}`, [`SetEnv PATH=${bin}:/usr/bin:/bin`])
  const made = await proxied(sshd, `127.104.2.${count}`)
  const machine = await openSsh(made.endpoint, { secrets: () => '', home: here })
  return { sshd, way: made.proxy, machine, bin }
}

/** Gives a host's ssh its key and the hosts that it knows; its command line is kept. */
function ssh({ sshd, bin }: Node, known: readonly Node[]): void {
  const key = join(sshd.directory, 'own')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  const hosts = known.map(
    ({ sshd: { endpoint, hostKey } }) => `[${endpoint.address}]:${endpoint.port} ${hostKey}`,
  )
  writeFileSync(join(sshd.directory, 'own_hosts'), `${hosts.join('\n')}\n`)
  program(
    bin,
    'ssh',
    `printf '%s\\n' "$*" >>${join(sshd.directory, 'calls')}
exec /usr/bin/ssh -F none -o IdentityFile=${key} -o IdentitiesOnly=yes -o UserKnownHostsFile=${join(sshd.directory, 'own_hosts')} "$@"`,
  )
  for (const one of known)
    appendFileSync(join(one.sshd.directory, 'authorized_keys'), readFileSync(`${key}.pub`))
}
function program(bin: string, name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(bin, name), 0o755)
}
const calls = ({ sshd }: Node) => {
  try {
    return readFileSync(join(sshd.directory, 'calls'), 'utf8').trim().split('\n')
  } catch {
    return []
  }
}
const left = () => nodes.reduce((all, { way }) => all + way.bytes.up, 0)
const pathOn = ({ sshd }: Node) => stagedPath(join(sshd.directory, 'base'), { name: 'p', file, sha256 })
const arrived = (one: Node) => readFileSync(pathOn(one)).equals(bytes)
const cached = ({ sshd }: Node) => readdirSync(join(sshd.endpoint.workdir ?? '', 'cache/sha256'))
/** What travels besides the file: handshakes and scripts. */
const overhead = 30_000

beforeEach(async () => {
  here = join(fastDirectory(), `upgrade-fleet-artifact-${process.pid}-${count}`)
  mkdirSync(here)
  file = join(here, 'pack')
  writeFileSync(file, bytes)
  nodes = []
  for (let at = 0; at < 4; at += 1) nodes.push(await node())
  for (const one of nodes) ssh(one, nodes)
})
afterEach(async () => {
  for (const { machine, way, sshd } of nodes) {
    await machine.close()
    await way.stop()
    await sshd.stop()
  }
  rmSync(here, { recursive: true })
})
let spoken: string[]
/** Stages the file on a host, which may ask these; says what was told, and how many bytes left here. */
async function staged(of: Node, peers: readonly Node[]): Promise<{ said: readonly string[]; sent: number }> {
  const context = {
    run: 'r',
    ledger: memoryJournal(() => new Date(0)),
    state: fold([]),
    listeners: [],
    redact: (text: string) => text,
  }
  const doing = {
    task: 't',
    keptBy: 'r',
    attempt: '1',
    signal: new AbortController().signal,
    isOver: () => false,
  }
  spoken = []
  const on: On = {
    ...onFor(context as never, of.machine, doing),
    say: (line) => void spoken.push(line),
    peer: async (name) => {
      const peer = nodes.find(({ machine }) => machine.endpoint.name === name)
      if (peer === undefined) throw new Error('no machine')
      // The others do not call it by the way that counts.
      return { ...peer.machine, endpoint: peer.sshd.endpoint }
    },
  }
  const action = stage({
    base: join(of.sshd.directory, 'base'),
    artifact: { name: 'p', file, sha256 },
    peers: peers.map((peer) => ({ name: peer.machine.endpoint.name, path: pathOn(peer) })),
  })
  const before = left()
  const { work, input } = action
  if (work.kind === 'change') await work.apply(on, input, (await work.remember?.(on, input)) ?? null)
  return { said: spoken, sent: left() - before }
}
const four = () => nodes as [Node, Node, Node, Node]

describe('an artefact', () => {
  test('leaves here once, and goes from host to host, to the first that has it', async () => {
    const [first, second, third, fourth] = four()
    const sent = [
      await staged(first, []),
      await staged(second, [third, first]),
      await staged(third, [second, first]),
      await staged(fourth, [third, second, first]),
    ]
    expect(sent.map(({ said }) => said)).toEqual([
      [],
      ...[first, second, third].map(({ machine }) => [`fetched from ${machine.endpoint.name}`]),
    ])
    expect(sent.reduce((all, one) => all + one.sent, 0)).toBeLessThan(size + 4 * overhead)
    expect(nodes.every(arrived)).toBe(true)
    expect(calls(second)).toEqual([
      expect.stringMatching(/BatchMode=yes.*StrictHostKeyChecking=yes.*ForwardAgent=no/),
    ])
    expect(calls(second)[0]).toMatch(/UpdateHostKeys=no.*GSSAPIDelegateCredentials=no/)
    expect(calls(first)).toEqual([])
  })
  test('is sent from here to one that may not log in, that knows no key, or that has no ssh', async () => {
    const [first, deaf, strange, without] = four()
    writeFileSync(join(deaf.sshd.directory, 'own'), 'no key')
    writeFileSync(join(strange.sshd.directory, 'own_hosts'), '')
    program(without.bin, 'ssh', 'echo "ssh: not here" >&2; exit 127')
    await staged(first, [])
    for (const [one, why] of [
      [deaf, 'Permission denied'],
      [strange, 'Host key verification failed'],
      [without, 'ssh: not here'],
    ] as const) {
      const { said, sent } = await staged(one, [first])
      expect(said).toEqual([
        expect.stringMatching(`^sent from here: ${first.machine.endpoint.name} could not be asked: .*${why}`),
      ])
      expect(sent).toBeGreaterThan(size)
      expect(arrived(one)).toBe(true)
    }
  })
  test.each([
    ['other bytes', `head -c ${size} /dev/zero`, 'its SHA-256 is [0-9a-f]{64}'],
    ['bytes without an end', '/bin/cat /dev/zero', `it has more than ${size} bytes`],
  ])('is refused from one that delivers %s, and sent from here', async (_name, script, why) => {
    const [evil, second] = four()
    await staged(evil, [])
    // Its own shell needs a true one.
    program(evil.bin, 'cat', `case "$*" in */artifacts/*) ${script} ;; *) exec /bin/cat "$@" ;; esac`)
    const { said } = await staged(second, [evil])
    expect(said).toEqual([
      expect.stringMatching(`^sent from here: ${evil.machine.endpoint.name} delivered other bytes: ${why}$`),
    ])
    expect(arrived(second)).toBe(true)
    expect(cached(second)).toEqual([sha256])
  })
  test('is not fetched where it would take half of the room that is free', async () => {
    const [first, second] = four()
    await staged(first, [])
    const cache = join(await second.machine.workdir(), 'cache/sha256')
    mkdirSync(cache, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', cache])
    try {
      const { said } = await staged(second, [first])
      expect(said).toEqual([
        expect.stringMatching(/^sent from here: no room to fetch it: it has 1500000 bytes, and \d+ are free/),
      ])
      expect([arrived(second), calls(second), cached(second)]).toEqual([true, [], []])
    } finally {
      execFileSync('umount', [cache])
    }
  })
  test('that is fetched leaves the cache in its bounds', async () => {
    const [first, second] = four()
    await staged(first, [])
    const cache = join(await second.machine.workdir(), 'cache/sha256')
    mkdirSync(cache, { recursive: true })
    for (const [name, days] of [
      ['old', 31],
      ['young', 29],
    ] as const) {
      writeFileSync(join(cache, name), 'x')
      execFileSync('touch', ['-d', `${days} days ago`, join(cache, name)])
    }
    execFileSync('truncate', ['-s', String(cacheBounds.bytes), join(cache, 'huge')])
    execFileSync('touch', ['-d', '1 day ago', join(cache, 'huge')])
    expect((await staged(second, [first])).said).toEqual([`fetched from ${first.machine.endpoint.name}`])
    expect(cached(second)).toEqual([sha256])
  })
  test('that no peer has, or that has none to ask, is sent from here, and nobody is called', async () => {
    const [first, second, third] = four()
    for (const [one, peers] of [
      [first, []],
      [second, [third]],
    ] as const)
      expect(await staged(one, peers)).toMatchObject({ said: [], sent: expect.any(Number) })
    expect(nodes.flatMap(calls)).toEqual([])
    expect([first, second].every(arrived)).toBe(true)
  })
})
