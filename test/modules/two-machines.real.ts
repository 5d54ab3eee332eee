import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSsh } from '../../src/connect/ssh.ts'
import { stage } from '../../src/modules/artifact.ts'
import { carry } from '../../src/modules/carry.ts'
import type { Place } from '../support/places.ts'
import { localPlace } from '../support/places.ts'
import { startSshd } from '../support/sshd.ts'
import { type ChangeCase, changeContract } from './contract.ts'

const content = Buffer.alloc(150_000, 'what is brought\n')
const sha256 = createHash('sha256').update(content).digest('hex')

/** Two machines over ssh, of which the first may log in to the second with a key of its own. */
async function twoMachines(): Promise<Place> {
  const { scratch, stop } = await localPlace()
  const bin = join(scratch, 'bin')
  mkdirSync(bin)
  const one = await startSshd('127.135.2.1', [`SetEnv "PATH=${bin}:/usr/bin:/bin"`])
  const other = await startSshd('127.135.2.2')
  const key = join(one.directory, 'own')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  appendFileSync(join(other.directory, 'authorized_keys'), readFileSync(`${key}.pub`))
  writeFileSync(
    join(bin, 'ssh'),
    `#!/bin/sh\nexec /usr/bin/ssh -F none -o IdentityFile=${key} -o IdentitiesOnly=yes -o UserKnownHostsFile=${other.knownHosts} "$@"\n`,
  )
  chmodSync(join(bin, 'ssh'), 0o755)
  const context = { secrets: () => '', home: scratch }
  const machine = await openSsh(one.endpoint, context)
  const peer = await openSsh(other.endpoint, context)
  return {
    scratch,
    connection: () => machine,
    peer: () => peer,
    stop: async () => {
      for (const connection of [machine, peer]) await connection.close()
      for (const sshd of [one, other]) await sshd.stop()
      await stop()
    },
  }
}

/** What is to be brought lies there, for the peer and for the controller; and what else the directory holds. */
const lies =
  (others: Readonly<Record<string, string>> = {}) =>
  (dir: string) => {
    writeFileSync(join(dir, 'the pack.zip'), content)
    for (const [name, text] of Object.entries(others)) {
      mkdirSync(join(dir, name, '..'), { recursive: true })
      writeFileSync(join(dir, name), text, { mode: 0o640 })
    }
  }
const carried = (to: string) => (dir: string) =>
  carry({ from: 'other', path: join(dir, 'the pack.zip'), sha256, to: join(dir, to) })
const staged =
  (...peers: readonly string[]) =>
  (dir: string) =>
    stage({
      base: join(dir, 'base'),
      artifact: { name: 'p', file: join(dir, 'the pack.zip'), sha256 },
      peers: peers.map((name) => ({ name, path: join(dir, 'the pack.zip') })),
    })

const cases: readonly ChangeCase[] = [
  { name: 'a file is carried below new directories', prepare: lies(), action: carried('new/one/it.zip') },
  {
    name: 'a file is carried over another',
    prepare: lies({ 'to/it.zip': 'what stood there' }),
    action: carried('to/it.zip'),
  },
  {
    name: 'a file is carried into a directory that is empty',
    prepare: (dir) => {
      lies()(dir)
      mkdirSync(join(dir, 'to'))
    },
    action: carried('to/it.zip'),
  },
  { name: 'an artefact is brought from here', prepare: lies(), action: staged() },
  { name: 'an artefact is brought from a peer', prepare: lies(), action: staged('other') },
  {
    name: 'an artefact is brought in place of a spoilt one',
    prepare: lies({ [`base/artifacts/${sha256}-the pack.zip`]: 'cut o' }),
    action: staged('other'),
  },
]

changeContract('two machines', twoMachines, cases)
