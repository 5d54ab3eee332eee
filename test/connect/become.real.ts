import { homedir } from 'node:os'
import { describe } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import type { Account, Become, Endpoint } from '../../src/model/connection.ts'
import { connectionContract, freshContract, type Subject } from '../contracts/connection.ts'
import { makeAccounts, type TestUser } from '../support/accounts.ts'
import { greeter } from '../support/greeter.ts'
import { startSshd } from '../support/sshd.ts'

const login: TestUser = { name: 'uf-login', uid: 7101, password: 'opens it' }
const app: TestUser = { name: 'uf-app', uid: 7102, password: 'of the app', shell: '/usr/sbin/nologin' }
const third: TestUser = { name: 'uf-third', uid: 7103 }
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
  const accounts = makeAccounts([login, app, third], ['root ALL=(ALL:ALL) ALL', ...sudoers])
  used += 1
  const sshd = await startSshd(`127.102.0.${used}`, [], 2222, accounts.within)
  const greeting = 'hello from there'
  const service = await greeter('127.79.0.200', greeting)
  const { workdir: _root, ...rest } = sshd.endpoint
  const endpoint: Endpoint = { ...rest, user: user.name, ...(become && { become }) }
  return {
    connect: async () => {
      const connection = await openSsh(endpoint, context)
      return account === undefined ? connection : connection.as(account)
    },
    scratch: accounts.scratch(acts),
    greeting,
    greeterPort: service.port,
    stop: async () => {
      await service.stop()
      await sshd.stop()
      accounts.remove()
    },
  }
}
const always = (user: TestUser, method: Become['method'] = 'sudo'): Become => ({
  method,
  user: user.name,
  always: true,
})

describe('another user', () => {
  connectionContract('sudo to an ordinary user', () => subject({ acts: app, become: always(app) }))
  connectionContract('sudo to root', () => subject({ acts: root, become: always(root) }))
  connectionContract('sudo for a task', () =>
    subject({ acts: app, account: { become: true, user: 'uf-app' } }),
  )
  freshContract('sudo to an ordinary user', () => subject({ acts: app, become: always(app) }))
})
