import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { withUser } from '../../src/lab/host-files.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import { fastDirectory } from './fast-directory.ts'
import { type Launch, type Sshd, startSshd } from './sshd.ts'

/** A user of the test's own machine. */
export interface TestUser {
  readonly name: string
  readonly uid: number
  readonly password?: string
  readonly shell?: string
}

/** Users and rules that no other process sees: /etc with files of the test's own over it, in a mount namespace. */
export interface Users {
  /** The words to start a program with, so that it sees them. */
  readonly within: readonly string[]
  /** Starts an sshd that sees them, and lets all of them in with its key. */
  readonly launch: Launch
  home(user: TestUser): string
  /** Writes a file of /etc anew, for what reads it from now on. */
  etc(name: string, text: string, mode?: number): void
  /** The path at which such a file is seen from outside. */
  path(name: string): string
  /** What sudo logged, one entry a line; needs `Defaults logfile`, which is added. */
  sudoLog(): readonly string[]
  /** A directory of a user's, empty; its mode is 0700 unless another is given. */
  scratch(user: TestUser, mode?: number): string
  remove(): void
}

/** Makes users, each with a home; `sudoers` are the lines of that file beside the log's. Root alone can do this. */
export function makeUsers(users: readonly TestUser[], sudoers: readonly string[] = []): Users {
  const directory = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-users-'))
  const at = (...names: string[]) => join(directory, ...names)
  chmodSync(directory, 0o755)
  for (const name of ['etc', 'work', 'home', 'scratch']) mkdirSync(at(name), { mode: 0o755 })
  const etc = (name: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(at('etc', name)), { recursive: true })
    // In place: who has the overlay mounted would go on seeing a file that was removed here.
    writeFileSync(at('etc', name), text)
    chmodSync(at('etc', name), mode)
  }
  const files = { passwd: '', group: '', shadow: '' }
  for (const name of ['passwd', 'group', 'shadow'] as const)
    files[name] = readFileSync(`/etc/${name}`, 'utf8')
  const home = ({ name }: TestUser) => at('home', name)
  // What root keeps at home is its own.
  const root: TestUser = { name: 'root', uid: 0 }
  for (const user of [root, ...users]) {
    const { name, uid, password, shell = '/bin/sh' } = user
    mkdirSync(home(user), { mode: 0o700 })
    chownSync(home(user), uid, uid)
    files.passwd = withUser(files.passwd, `${name}:x:${uid}:${uid}::${home(user)}:${shell}`)
    if (uid === 0) continue
    const hash =
      password === undefined
        ? '*'
        : execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: password, encoding: 'utf8' }).trim()
    files.group = withUser(files.group, `${name}:x:${uid}:`)
    files.shadow = `${files.shadow.trimEnd()}\n${name}:${hash}:19000:0:99999:7:::\n`
  }
  etc('passwd', files.passwd)
  etc('group', files.group)
  etc('shadow', files.shadow, 0o600)
  etc(
    'sudoers',
    [`Defaults logfile=${at('sudo.log')}, !syslog, loglinelen=0`, ...sudoers, ''].join('\n'),
    0o440,
  )
  const mounts = [
    `mount -t overlay -o lowerdir=/etc,upperdir=${at('etc')},workdir=${at('work')} overlay /etc`,
    'for d in /var/lib/sudo /run/sudo; do [ ! -d $d ] || mount -t tmpfs -o mode=711 tmpfs $d; done',
    'exec "$@"',
  ].join(' && ')
  const within = ['unshare', '-m', '/bin/sh', '-c', mounts, 'sh'] as const
  return {
    within,
    launch: (sshd) => {
      chmodSync(join(sshd, 'authorized_keys'), 0o644)
      return [...within, '/usr/sbin/sshd']
    },
    home,
    etc,
    path: (name) => at('etc', name),
    sudoLog: () => {
      try {
        return readFileSync(at('sudo.log'), 'utf8').split('\n').filter(Boolean)
      } catch {
        return []
      }
    },
    scratch: ({ uid }, mode = 0o700) => {
      const path = mkdtempSync(at('scratch', 'of-'))
      chmodSync(path, mode)
      chownSync(path, uid, uid)
      return path
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** A real sshd with accounts of its own. */
export interface Accounts extends Sshd {
  /** How to reach an account, without anything to log in with. */
  account(user: string): Endpoint
  home(user: string): string
  /** Where its shadow file is seen from outside. */
  readonly shadow: string
}

/** Starts an sshd with accounts that have passwords (all have its key too) and, where they are given, the lines of PAM's stack for sshd. */
export async function startAccounts(
  address: string,
  passwords: Readonly<Record<string, string>>,
  extra: readonly string[] = [],
  pam?: readonly string[],
): Promise<Accounts> {
  const users = makeUsers(
    Object.entries(passwords).map(([name, password], at) => ({ name, uid: 4711 + at, password })),
  )
  if (pam !== undefined) users.etc('pam.d/sshd', `${pam.join('\n')}\n`)
  const options = [...(pam === undefined ? [] : ['UsePAM yes']), ...extra]
  const sshd = await startSshd(address, options, 2222, users.launch)
  return {
    ...sshd,
    shadow: users.path('shadow'),
    home: (name) => users.home({ name, uid: 0 }),
    account: (name) => {
      const { privateKeyFile: _, ...endpoint } = sshd.endpoint
      return { ...endpoint, user: name, workdir: join(users.home({ name, uid: 0 }), 'work') }
    },
    stop: async () => {
      await sshd.stop()
      users.remove()
    },
  }
}
