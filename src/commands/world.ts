import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { type Bastions, keepBastions } from '../connect/bastions.ts'
import { openConnection } from '../connect/open.ts'
import { connectionPool } from '../connect/pool.ts'
import { readOnly } from '../connect/read-only.ts'
import { keepRefusals } from '../connect/refusals.ts'
import { keepRoster, type Misnamed } from '../connect/roster.ts'
import { keepTries } from '../connect/tries.ts'
import { keepTurns } from '../connect/turns.ts'
import type { TypedBecome } from '../inventory/become-vars.ts'
import { explainEndpoint } from '../inventory/endpoint.ts'
import { plainLogins } from '../inventory/login-vars.ts'
import { secretStore } from '../inventory/secrets.ts'
import type { SshController } from '../inventory/ssh-config.ts'
import { sshFiles } from '../inventory/ssh-files.ts'
import type { Connection, Endpoint } from '../model/connection.ts'
import { ConnectionError, InputError } from '../model/errors.ts'
import type { Host } from '../model/host.ts'
import type { Inventory, InventoryHost } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import type { MachineIdentity } from '../model/machine-identity.ts'
import { redactor } from '../model/redact.ts'
import { isSecret, reveal, type SecretStore, secret } from '../model/secret.ts'
import { becomeTyped, type LoginFlags } from './flags.ts'
import { askPassphrases, personAt, type Screen, typedBecomePassword, typedPassword } from './login.ts'

/** The state directory: `--state`, else UPGRADE_FLEET_STATE, else `.upgrade-fleet` here. */
export function stateDirectory(io: Io, flag: string | undefined): string {
  return resolve(io.cwd, flag ?? io.env['UPGRADE_FLEET_STATE'] ?? '.upgrade-fleet')
}

/** The other machines, and the secrets that they are given: what a run needs of the world. */
export interface World {
  connect(machine: Host): Promise<Connection>
  /** Says once what of ssh_config is done otherwise for these hosts, before a screen is drawn. Asks for passphrases of their keys. Throws an {@link InputError} with all that is wrong, secrets that are not there too. */
  foresee(hosts: Iterable<string>): Promise<void>
  /** Tells what is drawn on the terminal: it stands aside when a server asks the person there. */
  shownOn(screen: Screen): void
  /** The machines that were connected to so far. */
  met(): Met
  readonly redact: (text: string) => string
  close(): Promise<void>
}

/** Which machines names were found to mean, and which of them must not. */
export interface Met {
  readonly machines: ReadonlyMap<string, MachineIdentity>
  readonly misnamed: readonly Misnamed[]
}

/** Connections to the hosts of an inventory, each made when it is first asked for; `check` makes them read-only. */
export function worldOf(io: Io, inventory: Inventory, check: boolean, flags: LoginFlags): World {
  const revealed = new Set<string>()
  const { hostKeyChecking, typed } = flags
  const plain = new Map(plainLogins(inventory).map(({ name, value }) => [name, value]))
  const others = secretsOf(io)
  const secrets = remembering((one) => typed?.of(one.name) ?? plain.get(one.name) ?? others(one), revealed)
  for (const value of [...plain.values(), ...(typed?.values() ?? [])]) revealed.add(value)
  // What the environment holds is known already; a file's value is when it is first used.
  for (const name of secretNames(varsOf(inventory))) if (name.startsWith('env:')) revealQuietly(secrets, name)
  const agent = io.env['SSH_AUTH_SOCK']
  let screen: Screen | undefined
  const ask = personAt(io, () => screen)
  const context = {
    secrets,
    home: io.home,
    turns: keepTurns(),
    tries: keepTries(),
    refusals: keepRefusals(),
    openedKeys: new Map(),
    ...(typed !== undefined && { passphrases: typed.passphrases }),
    ...(ask !== undefined && { ask }),
    ...(agent !== undefined && { agent }),
    ...(hostKeyChecking !== undefined && { hostKeyChecking }),
  }
  const bastions: Bastions = keepBastions((endpoint) => openConnection(endpoint, { ...context, bastions }))
  const pool = connectionPool((endpoint) => openConnection(endpoint, { ...context, bastions }))
  const hosts = new Map(inventory.hosts.map((host) => [host.name, host]))
  const controller = sshController(io, flags)
  const warned = new Set<string>()
  const connected = new Map<string, Connection>()
  const endpointFor = (host: InventoryHost): Endpoint => {
    const { endpoint, warnings } = explainEndpoint(inventory, host, controller)
    for (const warning of warnings) {
      if (!warned.has(warning)) io.err(`warning: ${warning}\n`)
      warned.add(warning)
    }
    const isTyped = (name: string) => typed?.of(name) !== undefined
    const { become = { method: 'sudo', user: 'root', always: false } } = endpoint
    return {
      ...endpoint,
      ...(endpoint.kind === 'ssh' &&
        endpoint.password === undefined &&
        isTyped(typedPassword.name) && { password: typedPassword }),
      ...(become.password === undefined &&
        isTyped(typedBecomePassword.name) && { become: { ...become, password: typedBecomePassword } }),
    }
  }
  return {
    shownOn: (shown) => {
      screen = shown
    },
    foresee: async (names) => {
      const endpoints: Endpoint[] = []
      const problems = [...names].flatMap((name) => {
        const host = hosts.get(name)
        if (host === undefined) return []
        try {
          const endpoint = endpointFor(host)
          for (const needed of [endpoint.password, endpoint.passphrase, endpoint.become?.password])
            if (needed) reveal([needed], secrets)
          endpoints.push(endpoint)
          return []
        } catch (error) {
          if (error instanceof InputError) return error.problems
          throw error
        }
      })
      if (problems.length > 0) throw new InputError([...new Set(problems)])
      if (typed !== undefined) await askPassphrases(io, endpoints, context, typed)
    },
    connect: async (machine) => {
      const host = hosts.get(machine.name)
      if (host === undefined)
        throw new ConnectionError(
          machine.name,
          'unreachable',
          `${machine.name} is not in the inventory of this run`,
        )
      const connection = await pool.get(endpointFor(host))
      connected.set(machine.name, connection)
      return check ? readOnly(connection) : connection
    },
    met: () => {
      const roster = keepRoster(new Map())
      const misnamed = [...connected.values()].flatMap(({ endpoint, who }) => {
        const found = who()
        return (found && roster.meet(endpoint, found)) ?? []
      })
      return { machines: roster.met, misnamed }
    },
    redact: redactor(() => revealed),
    close: async () => {
      await pool.close()
      await bastions.close()
    },
  }
}

/** Who runs this, and the ssh_config files of this machine, each read once. */
export const sshController = (
  io: Io,
  {
    user,
    privateKey,
    timeout,
    ...others
  }: Pick<LoginFlags, 'user' | 'privateKey' | 'timeout' | keyof TypedBecome> = {},
): SshController => ({
  typed: {
    ...(user !== undefined && { user }),
    ...(privateKey !== undefined && { privateKeyFile: keyPath(io, privateKey) }),
    ...(timeout !== undefined && { timeout }),
    ...becomeTyped(others),
  },
  user: io.user,
  uid: io.uid,
  home: io.home,
  hostName: hostname(),
  env: (name) => io.env[name],
  files: sshFiles(io.uid),
})

/** A key file as it was typed, as an absolute path. */
export const keyPath = (io: Pick<Io, 'cwd' | 'home'>, file: string): string =>
  resolve(
    io.cwd,
    file.replace(/^~(?=\/)/, () => io.home),
  )

/** Where secrets of this process come from. */
export const secretsOf = (io: Io): SecretStore => secretStore(io.env, io.uid)

/** All that an inventory says of hosts and groups. */
export const varsOf = ({ hosts, groups }: Inventory): readonly unknown[] =>
  [...hosts, ...groups].map((one) => one.vars)

/** The names of all secrets in a value: `{ env: NAME }` and `{ file: PATH }` as inventories have them, and those of a journal. */
export function secretNames(value: unknown): ReadonlySet<string> {
  const names = new Set<string>()
  const look = (part: unknown): void => {
    if (isSecret(part)) names.add(part.name)
    else if (typeof part === 'object' && part !== null) {
      const [[key, text] = [], ...more] = Object.entries(part)
      if (more.length === 0 && typeof text === 'string') {
        if (key === 'env' || (key === 'file' && text.startsWith('/'))) names.add(`${key}:${text}`)
        if (key === '$secret') names.add(text)
      }
      for (const item of Object.values(part)) look(item)
    }
  }
  look(value)
  return names
}

/** A secret's value, or undefined where it cannot be looked up here. */
export function revealQuietly(store: SecretStore, name: string): string | undefined {
  try {
    return reveal([secret(name)], store)
  } catch {
    return undefined
  }
}

const remembering =
  (store: SecretStore, revealed: Set<string>): SecretStore =>
  (secret) => {
    const value = store(secret)
    revealed.add(value)
    return value
  }

/** The file URL of our own built index, beside this module. */
export const packageUrl = (): string => new URL('./index.js', import.meta.url).href

/** The path of a run's bundled playbook. */
export const bundlePath = (folder: { readonly path: string }, record: { readonly bundle: string }): string =>
  join(folder.path, record.bundle)
