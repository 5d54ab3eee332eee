import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Endpoint } from '../../src/model/connection.ts'
import { type Sshd, startSshd } from './sshd.ts'

/** A real sshd with accounts of its own. */
export interface Accounts extends Sshd {
  /** How to reach an account, without anything to log in with. */
  account(user: string): Endpoint
}

/**
 * Starts an sshd that has accounts with passwords (all have its key too), known to nobody else on this machine: it runs in
 * a mount namespace with its own passwd, group, shadow and, where `pam` gives the lines of a stack, /etc/pam.d/sshd.
 */
export async function startAccounts(
  address: string,
  passwords: Readonly<Record<string, string>>,
  extra: readonly string[] = [],
  pam?: readonly string[],
): Promise<Accounts> {
  const uids = Object.keys(passwords).map((user, at) => [user, 4711 + at] as const)
  const files = ['passwd', 'group', 'shadow', ...(pam === undefined ? [] : ['pam.d/sshd'])]
  const sshd = await startSshd(
    address,
    [...(pam === undefined ? [] : ['UsePAM yes']), ...extra],
    2222,
    (dir) => {
      const etc = join(dir, 'etc')
      mkdirSync(join(etc, 'pam.d'), { recursive: true })
      const lines = (file: string, more: readonly string[], mode: number) =>
        writeFileSync(
          join(etc, file),
          `${[readFileSync(`/etc/${file}`, 'utf8').trimEnd(), ...more].join('\n')}\n`,
          {
            mode,
          },
        )
      const home = (user: string) => join(dir, 'home', user)
      lines(
        'passwd',
        uids.map(([user, uid]) => `${user}:x:${uid}:${uid}::${home(user)}:/bin/sh`),
        0o644,
      )
      lines(
        'group',
        uids.map(([user, uid]) => `${user}:x:${uid}:`),
        0o644,
      )
      lines(
        'shadow',
        uids.map(([user]) => `${user}:${hash(passwords[user] ?? '')}:19000:0:99999:7:::`),
        0o600,
      )
      if (pam !== undefined) writeFileSync(join(etc, 'pam.d/sshd'), `${pam.join('\n')}\n`)
      for (const [user, uid] of uids) {
        mkdirSync(home(user), { recursive: true })
        chownSync(home(user), uid, uid)
      }
      chmodSync(join(dir, 'authorized_keys'), 0o644)
      const mounts = files.map((file) => `mount --bind ${join(etc, file)} /etc/${file}`)
      return ['unshare', '--mount', 'sh', '-ec', `${mounts.join('\n')}\nexec /usr/sbin/sshd "$@"`, 'sshd']
    },
  )
  return {
    ...sshd,
    account: (user) => {
      const { privateKeyFile: _, ...endpoint } = sshd.endpoint
      return { ...endpoint, user, workdir: join(sshd.directory, 'home', user, 'work') }
    },
  }
}

const hash = (password: string): string =>
  execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: password, encoding: 'utf8' }).trim()
