import { homedir } from 'node:os'
import { describe } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import type { Account, Become, Endpoint } from '../../src/model/connection.ts'
import { secret } from '../../src/model/secret.ts'
import { connectionContract, freshContract, type Subject } from '../contracts/connection.ts'
import { shortContract } from '../contracts/short-connection.ts'
import { makeUsers, type TestUser } from '../support/accounts.ts'
import { greeter } from '../support/greeter.ts'
import { startSshd } from '../support/sshd.ts'

const login: TestUser = { name: 'uf-login', uid: 7101, password: 'opens it' }
const app: TestUser = { name: 'uf-app', uid: 7102, password: 'of the app', shell: '/usr/sbin/nologin' }
const third: TestUser = { name: 'uf-third', uid: 7103, password: 'of the app' }
const root: TestUser = { name: 'root', uid: 0 }
const words: Readonly<Record<string, string>> = { 'env:LOGIN': 'opens it', 'env:APP': 'of the app' }
const context: ConnectContext = {
  secrets: ({ name }) => words[name] ?? `value of ${name}`,
  home: homedir(),
}
const free = 'uf-login ALL=(ALL) NOPASSWD: /bin/sh'

let used = 10
interface Setting {
  readonly sudoers?: readonly string[]
  readonly user?: TestUser
  /** Who acts over the connections of the contract. */
  readonly acts: TestUser
  readonly become?: Become
  readonly account?: Account
}
async function subject({ sudoers = [free], user = login, acts, become, account }: Setting): Promise<Subject> {
  const users = makeUsers([login, app, third], ['root ALL=(ALL:ALL) ALL', ...sudoers])
  users.etc('doas.conf', 'permit nopass uf-login as uf-app cmd /bin/sh\n', 0o600)
  used += 1
  const sshd = await startSshd(`127.102.0.${used}`, [], 2222, users.launch)
  const greeting = 'hello from there'
  const service = await greeter('127.79.0.200', greeting)
  const { workdir: _root, ...rest } = sshd.endpoint
  const endpoint: Endpoint = { ...rest, user: user.name, ...(become && { become }) }
  return {
    connect: async () => {
      const connection = await openSsh(endpoint, context)
      return account === undefined ? connection : connection.as(account)
    },
    scratch: users.scratch(acts),
    greeting,
    greeterPort: service.port,
    stop: async () => {
      await service.stop()
      await sshd.stop()
      users.remove()
    },
  }
}
const always = (user: TestUser, method: Become['method'] = 'sudo'): Become => ({
  method,
  user: user.name,
  always: true,
})

// Two differ in what they do: one shell, and two in a row. The others differ in how their shells begin.
describe('another user', () => {
  connectionContract('sudo to an ordinary user', () => subject({ acts: app, become: always(app) }))
  shortContract('sudo to root', () => subject({ acts: root, become: always(root) }))
  shortContract('sudo for a task', () => subject({ acts: app, account: { become: true, user: 'uf-app' } }))
  shortContract('sudo for a task, where all else is done as somebody else', () =>
    subject({ acts: third, become: always(app), account: { user: 'uf-third' } }),
  )
  connectionContract('sudo with a password, for all and for a task', () =>
    subject({
      sudoers: ['uf-login ALL=(ALL) /bin/sh'],
      acts: third,
      become: { ...always(app), password: secret('env:LOGIN') },
      account: { user: 'uf-third' },
    }),
  )
  shortContract('the one who logs in, where all else is done as another', () =>
    subject({ acts: login, become: always(app), account: { become: false } }),
  )
  shortContract('sudo where a terminal is asked for', () =>
    subject({ sudoers: ['Defaults requiretty, use_pty', free], acts: app, become: always(app) }),
  )
  shortContract('sudo that logs what it sees, with a first shell', () =>
    subject({
      sudoers: ['Defaults log_input, log_output, use_pty, iolog_dir=/run/sudo/io', free],
      acts: app,
      account: { become: true, user: 'uf-app' },
    }),
  )
  shortContract('su by root', () => subject({ user: root, acts: app, become: always(app, 'su') }))
  shortContract('su with a password', () =>
    subject({ acts: third, become: { ...always(third, 'su'), password: secret('env:APP') } }),
  )
  shortContract('doas', () => subject({ acts: app, become: always(app, 'doas') }))
  freshContract('sudo to an ordinary user', () => subject({ acts: app, become: always(app) }))
})
