import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import { connectionContract, type Subject } from '../contracts/connection.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type Launch, type Sshd, startSshd } from '../support/sshd.ts'
import { sshSubject } from '../support/subject.ts'

// Row 36: shells and tools that are not those of this machine.
const context: ConnectContext = { secrets: (one) => `value of ${one.name}`, home: homedir() }

const subject = (address: string, extra: readonly string[], launch?: Launch): Promise<Subject> =>
  sshSubject((endpoint) => openSsh(endpoint, context), address, extra, 2222, launch)

/** In a mount namespace that the server and its sessions alone are in. */
const shIs =
  (shell: string): Launch =>
  () => [
    'unshare',
    '-m',
    'sh',
    '-ec',
    `mount --bind "$(command -v ${shell})" /bin/sh; exec "$@"`,
    'sh',
    '/usr/sbin/sshd',
  ]
/** The account's shell is asked as sshd asks it. */
const login = (shell: string) => [`ForceCommand ${shell} -c "$SSH_ORIGINAL_COMMAND"`]

connectionContract('ssh, where /bin/sh is bash', () => subject('127.105.36.1', [], shIs('bash')))
connectionContract('ssh, where /bin/sh is that of busybox', () =>
  subject('127.105.36.2', [], shIs('busybox')),
)
connectionContract('ssh, where the login shell is tcsh', () => subject('127.105.36.3', login('tcsh')))
connectionContract('ssh, where the login shell is fish', () => subject('127.105.36.8', login('fish')))

describe('tools that are missing', () => {
  async function with_(tools: readonly string[], work: (sshd: Sshd, scratch: string) => Promise<void>) {
    const bin = await mkdtemp(join(fastDirectory(), 'upgrade-fleet-bin-'))
    for (const tool of tools)
      symlinkSync(
        execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(),
        join(bin, tool),
      )
    const scratch = join(bin, 'scratch')
    mkdirSync(scratch)
    // The rc files of whoever runs this would set another PATH.
    const sshd = await startSshd('127.105.36.4', [`SetEnv PATH=${bin} HOME=${scratch} BASH_ENV=`])
    try {
      await work(sshd, scratch)
    } finally {
      await sshd.stop()
      await rm(bin, { recursive: true })
    }
  }
  test('commands need none of them; files and jobs name what is missing before they do anything', () =>
    with_(['mkdir', 'head', 'cat'], async ({ endpoint }, scratch) => {
      const { workdir: _, ...bare } = endpoint
      const connection = await openSsh(bare, context)
      const path = join(scratch, 'file')
      const missing = (...names: readonly string[]) =>
        expect.objectContaining({
          fault: 'io',
          message: expect.stringContaining(`lacks what is needed here: ${names.join(' ')} (PATH is`),
        })
      expect(await connection.exec(sh`exit 3`)).toMatchObject({ kind: 'exit', code: 3 })
      expect(await connection.exec(sh`sleep 0.1`)).toMatchObject({ code: 127 })
      await expect(connection.put({ text: 'x' }, path)).rejects.toEqual(
        missing('sha256sum', 'chmod', 'sync', 'rm', 'mv'),
      )
      await expect(
        connection.put({ bytes: Buffer.alloc(100_000) }, path, { exclusive: true }),
      ).rejects.toEqual(missing('stat'))
      await expect(connection.get(path, new PassThrough().resume())).rejects.toEqual(
        missing('stat', 'sha256sum'),
      )
      await expect(connection.job('a/b/1/c', sh`exit 0`)).rejects.toEqual(missing('stat'))
      expect(readdirSync(scratch)).toEqual([])
      await connection.close()
    }))
  test('a deadline is kept where there is nothing but the shell', () =>
    with_([], async ({ endpoint }) => {
      const connection = await openSsh(endpoint, context)
      const end = await connection.exec(sh`while :; do :; done`, { timeout: 0.3 })
      expect(end).toMatchObject({ kind: 'timeout' })
      expect(await connection.exec(sh`exit 3`)).toMatchObject({ code: 3 })
      await connection.close()
    }))
})
