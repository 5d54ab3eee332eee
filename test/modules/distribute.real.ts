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
import { memoryJournal } from '../../src/journal/memory.ts'
import type { On } from '../../src/model/action.ts'
import type { Connection } from '../../src/model/connection.ts'
import { fold } from '../../src/model/state.ts'
import { stage, stagedPath } from '../../src/modules/artifact.ts'
import { distribute, type Target } from '../../src/modules/distribute.ts'
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
  readonly target: Target
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
  const address = { name: sshd.endpoint.name, address: sshd.endpoint.address, port: sshd.endpoint.port }
  const target: Target = { machine, path: join(sshd.directory, "a pack's"), group: 'dc1', address }
  return { sshd, way: made.proxy, machine, target, bin }
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
const arrived = ({ target }: Node) => readFileSync(target.path).equals(bytes)
/** What travels besides the file: handshakes and scripts. */
const overhead = 30_000

beforeEach(async () => {
  here = join(fastDirectory(), `upgrade-fleet-distribute-${process.pid}-${count}`)
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
const go = async (which: readonly Node[] = nodes) => {
  const said: string[] = []
  const shown = new Map<string, number>()
  const ends = await distribute(
    { file, sha256 },
    which.map(({ target }) => target),
    {
      mode: 0o640,
      perHost: 1,
      say: (host, line) => said.push(`${host}: ${line}`),
      onProgress: (host, done) => shown.set(host, done),
    },
  )
  return { ends, said, shown }
}
const names = () => nodes.map(({ machine }) => machine.endpoint.name)

describe('a file for a group', () => {
  test('leaves here once, and goes from host to host', async () => {
    const before = left()
    const { ends, said, shown } = await go()
    expect(left() - before).toBeLessThan(size + 4 * overhead)
    expect(nodes.every(arrived)).toBe(true)
    expect(said).toEqual([])
    const [first] = names()
    expect(ends[0]).toEqual({ host: first, from: undefined })
    const from = ends.slice(1).map((end) => ('from' in end ? end.from : end.error.message))
    // With one guest a host at a time, the fourth asked the second or third, or the first again.
    expect(from.every((name) => name !== undefined && names().includes(name))).toBe(true)
    expect([...shown.values()]).toEqual([size, size, size, size])
    for (const { target } of nodes)
      expect(execFileSync('stat', ['-c', '%a', target.path], { encoding: 'utf8' })).toBe('640\n')
    const [second] = nodes.slice(1)
    expect(second && calls(second)).toEqual([
      expect.stringMatching(/BatchMode=yes.*StrictHostKeyChecking=yes.*ForwardAgent=no/),
    ])
  })
  test('is sent from here to one that may not log in, that knows no key, or that has no ssh', async () => {
    const [, deaf, strange, without] = nodes
    if (deaf === undefined || strange === undefined || without === undefined) return
    writeFileSync(join(deaf.sshd.directory, 'own'), 'no key')
    writeFileSync(join(strange.sshd.directory, 'own_hosts'), '')
    program(without.bin, 'ssh', 'echo "ssh: not here" >&2; exit 127')
    const before = left()
    const { ends, said } = await go()
    expect(nodes.every(arrived)).toBe(true)
    expect(ends.map((end) => 'from' in end && end.from)).toEqual([undefined, undefined, undefined, undefined])
    for (const [one, why] of [
      [deaf, 'Permission denied'],
      [strange, 'Host key verification failed'],
      [without, 'ssh: not here'],
    ] as const)
      expect(said).toContainEqual(
        expect.stringMatching(
          new RegExp(`^${one.machine.endpoint.name}: sent from here: host-\\S+ could not be asked: .*${why}`),
        ),
      )
    expect(said).toHaveLength(3)
    expect(left() - before).toBeGreaterThan(4 * size)
  })
  test('is refused from one that delivers wrong bytes, and nobody asks that one again', async () => {
    const [evil, second, ...others] = nodes
    if (evil === undefined || second === undefined) return
    program(evil.bin, 'cat', 'head -c 2000 /dev/zero')
    const before = left()
    const { ends, said } = await go()
    expect(nodes.every(arrived)).toBe(true)
    expect(said).toEqual([
      expect.stringMatching(
        new RegExp(`sent from here: ${evil.machine.endpoint.name} delivered other bytes`),
      ),
    ])
    expect(ends.slice(2).every((end) => 'from' in end && end.from !== evil.machine.endpoint.name)).toBe(true)
    expect(left() - before).toBeLessThan(2 * size + 4 * overhead)
    for (const { sshd } of [second, ...others])
      expect(readdirSync(join(sshd.endpoint.workdir ?? '', 'cache/sha256'))).toEqual([sha256])
  })
  test('goes on without a host that cannot be sent it, the first one too', async () => {
    const [first] = nodes
    if (first === undefined) return
    const broken = { ...first, target: { ...first.target, path: '/no/such/directory' } }
    const before = left()
    const { ends } = await go([broken, ...nodes.slice(1)])
    expect(ends[0]).toMatchObject({ error: { name: 'ConnectionError' } })
    expect(nodes.slice(1).every(arrived)).toBe(true)
    expect(left() - before).toBeLessThan(size + 4 * overhead)
  })
})
test('a host without a group is sent its file from here, and nobody is asked', async () => {
  const alone = nodes.map((one) => {
    const { group: _, ...target } = one.target
    return { ...one, target }
  })
  const before = left()
  const { ends } = await go(alone)
  expect(ends.every((end) => 'from' in end && end.from === undefined)).toBe(true)
  expect(left() - before).toBeGreaterThan(4 * size)
  expect(nodes.flatMap(calls)).toEqual([])
})

test('an artefact is fetched from a peer that has it, and sent from here where that fails', async () => {
  const [first, second, third] = nodes
  if (first === undefined || second === undefined || third === undefined) return
  const spoken: string[] = []
  const work = (of: Node, peers: readonly Node[]) => {
    const base = join(of.sshd.directory, 'base')
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
    const artifact = { name: 'p', file, sha256 }
    const action = stage({
      base,
      artifact,
      peers: peers.map(({ machine, sshd }) => ({
        name: machine.endpoint.name,
        path: stagedPath(join(sshd.directory, 'base'), artifact),
      })),
    })
    return action.work.kind === 'change' ? action.work.apply(on, action.input, null) : undefined
  }
  const before = left()
  await work(first, [])
  await work(second, [third, first])
  expect(left() - before).toBeLessThan(size + 4 * overhead)
  expect(spoken).toEqual([`fetched from ${first.machine.endpoint.name}`])
  writeFileSync(join(third.sshd.directory, 'own_hosts'), '')
  await work(third, [second])
  expect(spoken.at(-1)).toMatch(/^sent from here: .*Host key verification failed/)
  for (const { sshd } of [first, second, third]) {
    const path = stagedPath(join(sshd.directory, 'base'), { name: 'p', file, sha256 })
    expect(readFileSync(path).equals(bytes)).toBe(true)
  }
})
