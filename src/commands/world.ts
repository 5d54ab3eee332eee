import { type Bastions, keepBastions } from '../connect/bastions.ts'
import type { HeldKeys } from '../connect/context.ts'
import { knownFiles } from '../connect/known-files.ts'
import { fingerprint, keyType } from '../connect/known-hosts.ts'
import { openConnection } from '../connect/open.ts'
import { connectionPool } from '../connect/pool.ts'
import { readOnly } from '../connect/read-only.ts'
import { keepRefusals } from '../connect/refusals.ts'
import { keepRoster, type Misnamed } from '../connect/roster.ts'
import { isKnownHost, type ScannedHost, scanKeys } from '../connect/scan-keys.ts'
import { keepTurns } from '../connect/turns.ts'
import { explainEndpoint } from '../inventory/endpoint.ts'
import { plainValue } from '../inventory/plain-secrets.ts'
import type { Connection, Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { Host } from '../model/host.ts'
import type { Inventory, InventoryHost } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import type { MachineIdentity } from '../model/machine-identity.ts'
import { redactor } from '../model/redact.ts'
import { reveal, type Text } from '../model/secret.ts'
import type { LoginFlags } from './flags.ts'
import { foresee } from './foresee.ts'
import { personAt, type Screen, typedBecomePassword, typedPassword } from './login.ts'
import { shortWarnings } from './ready.ts'
import { remembering, revealQuietly, secretNames, secretsOf, varsOf } from './secret-names.ts'
import { sshController } from './ssh-controller.ts'

/** The other machines, and the secrets that they are given: what a run needs of the world. */
export interface World {
  connect(machine: Host): Promise<Connection>
  /** Those of the machines with these names that were connected to so far. */
  met(names: readonly string[]): Met
  /** How a host is reached. Throws an {@link InputError}. */
  endpoint(host: InventoryHost): Endpoint
  /** Whether anything is known of a machine's key. */
  isKnown(endpoint: Endpoint): Promise<boolean>
  /** The keys that a machine shows. Throws a {@link ConnectionError}. */
  scan(endpoint: Endpoint): Promise<ScannedHost>
  /** Says once what of ssh_config is done otherwise for these hosts, before a screen is drawn. Asks for passphrases of their keys. Throws an {@link InputError} with all that is wrong, secrets that are not there too. */
  foresee(hosts: Iterable<string>): Promise<void>
  /** Tells what is drawn on the terminal: it stands aside when a server asks the person there. */
  shownOn(screen: Screen): void
  readonly redact: (text: string) => string
  /** A text with its secrets' values, for who is told it. */
  reveal(text: Text): string
  close(): Promise<void>
}

/** Which machines names were found to mean, and which of them must not. */
export interface Met {
  readonly machines: ReadonlyMap<string, MachineIdentity>
  readonly misnamed: readonly Misnamed[]
}

/** Connections to the hosts of an inventory, each made when it is first asked for; `check` makes them read-only. */
export function worldOf(
  io: Io,
  inventory: Inventory,
  check: boolean,
  flags: LoginFlags & { readonly holdKeys?: boolean },
): World {
  const revealed = io.secrets ?? new Set<string>()
  const { hostKeyChecking, typed } = flags
  const others = secretsOf(io)
  const secrets = remembering(
    (one) => typed?.of(one.name) ?? plainValue(inventory, one.name) ?? others(one),
    revealed,
  )
  for (const value of typed?.values() ?? []) revealed.add(value)
  // What the environment holds is known already; a file's value too where the site names it.
  for (const name of secretNames(varsOf(inventory))) if (name.startsWith('env:')) revealQuietly(secrets, name)
  const warnedOf = new Set<string>()
  const learn = (names: Iterable<string>) => {
    const found = [...names].flatMap((name) => {
      const value = revealQuietly(secrets, name)
      return value === undefined ? [] : [[name, value] as const]
    })
    for (const warning of shortWarnings(found)) {
      if (!warnedOf.has(warning)) io.err(`warning: ${warning}\n`)
      warnedOf.add(warning)
    }
  }
  const agent = io.env['SSH_AUTH_SOCK']
  const heldKeys: HeldKeys = new Map()
  let screen: Screen | undefined
  const ask = personAt(io, () => screen)
  const context = {
    knownHosts: knownFiles(),
    ...(flags.holdKeys === true && { heldKeys }),
    secrets,
    home: io.home,
    turns: keepTurns(),
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
  const endpoints = new Map<InventoryHost, Endpoint>()
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
      ...(/ssh$/.test(endpoint.kind) &&
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
      const endpointOf = (name: string) => {
        const host = hosts.get(name)
        return host && endpointFor(host)
      }
      await foresee(io, names, { endpointOf, secrets, learn, typed, login: context })
    },
    connect: async (machine) => {
      const host = hosts.get(machine.name)
      if (host === undefined)
        throw new ConnectionError(
          machine.name,
          'unreachable',
          `${machine.name} is not in the inventory of this run`,
        )
      // Each task asks; what is asked for on the way is known by then.
      const endpoint = endpoints.get(host) ?? endpointFor(host)
      endpoints.set(host, endpoint)
      const connection = await pool.get(endpoint)
      connected.set(machine.name, connection)
      return check ? readOnly(connection) : connection
    },
    met: (names) => {
      const roster = keepRoster(new Map())
      const those = names.flatMap((name) => connected.get(name) ?? [])
      const misnamed = those.flatMap(({ endpoint, who }) => {
        const found = who()
        return (found && roster.meet(endpoint, found)) ?? []
      })
      return { machines: roster.met, misnamed }
    },
    endpoint: endpointFor,
    isKnown: (endpoint) => isKnownHost(endpoint, io.home, context.knownHosts),
    scan: (endpoint) => scanKeys(endpoint, { ...context, bastions }),
    redact: redactor(() => revealed),
    reveal: (text) => reveal(text, secrets),
    close: async () => {
      await pool.close()
      await bastions.close()
      io.err(heldText(heldKeys))
      heldKeys.clear()
    },
  }
}

/** What is said of keys that were taken for a look and not stored; nothing where there are none. */
function heldText(held: HeldKeys): string {
  if (held.size === 0) return ''
  const lines = [...held].map(
    ([host, { endpoint, key }]) => `  ${endpoint.name} ${host} ${keyType(key)} ${fingerprint(key)}\n`,
  )
  return `warning: these host keys were not known; they were taken for this look alone, and are not stored:\n${lines.join('')}`
}
