import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openLocal } from '../../src/connect/local.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import type { Connection } from '../../src/model/connection.ts'
import { fastDirectory } from './fast-directory.ts'
import { startSshd } from './sshd.ts'

/** A machine that modules are tried on, with a directory that this process sees too. */
export interface Place {
  connection(): Connection
  /** Another machine, for what has two; without it, the machine itself is taken for its own peer. */
  readonly peer?: () => Connection
  readonly scratch: string
  stop(): Promise<void>
}

/** What every secret of these machines is. */
export const secretValue = `s3cr"et'&<é $(x)`
const context: ConnectContext = { secrets: () => secretValue, home: homedir() }
const scratchDirectory = () => mkdtemp(join(fastDirectory(), "upgrade-fleet-place it's-"))

/** This machine's own shell. */
export async function localPlace(): Promise<Place> {
  const scratch = await scratchDirectory()
  const connection = await openLocal(
    { name: 'here', kind: 'local', address: 'here', port: 0, workdir: join(scratch, 'work') },
    { ...context, home: scratch },
  )
  return placeOf(connection, scratch, async () => {})
}

/** A real sshd of this machine. */
export async function sshPlace(address: string): Promise<Place> {
  const sshd = await startSshd(address)
  return placeOf(await openSsh(sshd.endpoint, context), await scratchDirectory(), () => sshd.stop())
}

/** A real sshd behind which busybox is all there is: its sh as `/bin/sh`, its tools on the PATH (as root). */
export async function busyboxPlace(address: string): Promise<Place> {
  const scratch = await scratchDirectory()
  const bin = await mkdtemp(join(fastDirectory(), 'upgrade-fleet-bin-'))
  execFileSync('busybox', ['--install', '-s', bin])
  const sshd = await startSshd(address, [`SetEnv PATH=${bin}`], 2222, () => [
    'unshare',
    '-m',
    'sh',
    '-ec',
    'mount --bind "$(command -v busybox)" /bin/sh; exec "$@"',
    'sh',
    '/usr/sbin/sshd',
  ])
  return placeOf(await openSsh(sshd.endpoint, context), scratch, async () => {
    await sshd.stop()
    await rm(bin, { recursive: true })
  })
}

function placeOf(connection: Connection, scratch: string, stop: () => Promise<void>): Place {
  return {
    connection: () => connection,
    scratch,
    stop: async () => {
      await connection.close()
      await stop()
      await rm(scratch, { recursive: true, force: true })
    },
  }
}
