import { z } from 'zod'
import type { Endpoint } from '../model/connection.ts'
import { InputError, placeText } from '../model/errors.ts'
import { type Inventory, type InventoryHost, placeOfVar } from '../model/inventory.ts'
import type { Json } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import { encryptedValue } from '../model/secret-schema.ts'
import { becomeSaid, becomeVars } from './become-vars.ts'
import { findings, pathText } from './issues.ts'
import { problem } from './located.ts'
import { isLoginVar, loginSecrets, loginSettings, loginVars } from './login-vars.ts'
import { plainOfHost } from './plain-secrets.ts'
import { sshArguments } from './ssh-arguments.ts'
import type { SshController, SshRoot } from './ssh-config.ts'
import { type SshLine, sshLine } from './ssh-config-lines.ts'
import { type SshEndpoint, sshEndpoint } from './ssh-endpoint.ts'
import { withTransport } from './ssh-transport.ts'
import { magicVars, resolveVars } from './templates.ts'

const word = (what: string) => z.string().regex(/^[^-\p{Cc}\s][^\p{Cc}\s]*$/u, what)
const path = z.string().regex(/^(\/|~\/)[^\p{Cc}]*$/u, 'expected an absolute path')
const port = 'expected a port of 1 to 65535'

const time = 'expected whole seconds, 1 or more'
const timeout = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], time)
  .refine((value) => Number.isInteger(value) && value >= 1, time)
  .optional()

const pinned =
  'expected a fingerprint as ssh-keygen -l prints it, SHA256: and 43 characters, or a list of them'
const pin = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, pinned)

const host = word('expected a host name or address').optional()
const user = word('expected a user name').optional()
const portNumber = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], port)
  .refine((value) => Number.isInteger(value) && value >= 1 && value <= 65_535, port)
  .optional()

/** Ansible's other names; where both are set, the first counts, as it does there. */
const names = {
  host: ['ansible_ssh_host', 'ansible_host'],
  port: ['ansible_ssh_port', 'ansible_port'],
  user: ['ansible_ssh_user', 'ansible_user'],
  key: ['ansible_ssh_private_key_file', 'ansible_private_key_file'],
} as const

/** The variables that say how to reach a host, as the inventory has them. */
export const connection = z.object({
  ansible_connection: z.enum(['ssh', 'openssh', 'local']).default('ssh'),
  ansible_host: host,
  ansible_ssh_host: host,
  ansible_port: portNumber,
  ansible_ssh_port: portNumber,
  ansible_user: user,
  ansible_ssh_user: user,
  ansible_ssh_private_key_file: path.optional(),
  ansible_private_key_file: path.optional(),
  ...loginVars,
  ...becomeVars,
  ansible_ssh_timeout: timeout,
  ansible_timeout: timeout,
  ansible_ssh_common_args: z.string().default(''),
  upgrade_fleet_host_key: z
    .union([z.array(pin).min(1, 'expected at least one fingerprint'), pin.transform((one) => [one])], pinned)
    .optional(),
  upgrade_fleet_same_machine: z.string().optional(),
  upgrade_fleet_dir: z
    .string()
    .regex(/^\/[^\p{Cc}]*$/u, 'expected an absolute path')
    .optional(),
})

/** The names of the variables that say how to reach a host. */
export const connectionVars: readonly string[] = Object.keys(connection.shape)

// Whoever has no controller at hand wants the variables checked, and no file read.
const nobody: SshController = {
  user: '',
  uid: 0,
  home: '~',
  hostName: '',
  env: () => '/any',
  files: { read: () => undefined, glob: () => [] },
}

/** How to reach a host: {@link explainEndpoint}'s endpoint. */
export function endpointOf(inventory: Inventory, host: InventoryHost, controller?: SshController): Endpoint {
  return explainEndpoint(inventory, host, controller).endpoint
}

/**
 * How to reach a host, and why so: out of Ansible's connection variables first, then (with a controller) ssh_config,
 * which is asked for `ansible_host`, or the host's own name. What is wrong with them is thrown at once, with its place.
 */
export function explainEndpoint(
  inventory: Inventory,
  host: InventoryHost,
  controller?: SshController,
): SshEndpoint {
  const problems: string[] = []
  const complain = (at: readonly PropertyKey[], message: string) => {
    const { place } = placeOfVar(inventory, host, at)
    problems.push(problem(place, `hosts.${host.name}.${pathText(at)}`, message))
  }
  const resolved = resolveVars(host.vars, connectionVars, magicVars(host))
  const vars = Object.fromEntries(
    connectionVars
      .filter((name) => Object.hasOwn(host.vars, name))
      .flatMap((name): [string, Json][] => {
        const value = resolved.vars[name] ?? null
        const closed = isLoginVar(name) ? undefined : encryptedValue(value)
        if (closed === undefined) return [[name, value]]
        // Whoever opened nothing cannot check it either.
        return controller?.opened === undefined ? [] : [[name, controller.opened(closed.name) ?? value]]
      }),
  )
  for (const found of resolved.wrong) complain(found.path, found.message)
  if (problems.length > 0) throw new InputError(problems)
  const parsed = findings(connection, vars, (at) => plainOfHost(host.name, at))
  if ('wrong' in parsed) {
    for (const { path: at, message } of parsed.wrong) complain(at, message)
    throw new InputError(problems)
  }
  const given = parsed.output as z.output<typeof connection>
  const same = given.upgrade_fleet_same_machine
  const unlike = same === undefined ? undefined : notTheSame(inventory, host, same)
  if (unlike !== undefined) {
    complain(['upgrade_fleet_same_machine'], unlike)
    throw new InputError(problems)
  }
  const { becomePassword, ...login } = loginSecrets(given)
  const become = becomeSaid(given, becomePassword, controller?.typed)
  const own = {
    ...login,
    ...(become !== undefined && { become }),
    ...(given.upgrade_fleet_dir !== undefined && { workdir: given.upgrade_fleet_dir }),
    ...(same !== undefined && { sameMachine: same }),
    ...(given.upgrade_fleet_host_key !== undefined && { hostKeyFingerprints: given.upgrade_fleet_host_key }),
  }
  const nameOf = (which: keyof typeof names) =>
    names[which].find((name) => given[name] !== undefined) ?? names[which][0]
  const [hostVar, portVar, userVar, keyVar] = [nameOf('host'), nameOf('port'), nameOf('user'), nameOf('key')]
  const address = given.ansible_ssh_host ?? given.ansible_host ?? host.name
  const ownPort = given.ansible_ssh_port ?? given.ansible_port
  const ownKey = given.ansible_ssh_private_key_file ?? given.ansible_private_key_file
  if (given.ansible_connection === 'local') {
    const endpoint = {
      name: host.name,
      kind: 'local',
      address,
      port: ownPort ?? 22,
      ...(become !== undefined && { become }),
      ...(own.workdir !== undefined && { workdir: own.workdir }),
      ...(own.hostKeyFingerprints !== undefined && { hostKeyFingerprints: own.hostKeyFingerprints }),
    } as const
    const row = (keyword: string, name: string, value: unknown) => ({
      keyword,
      value: String(value),
      from: Object.hasOwn(vars, name)
        ? `${placeText(placeOfVar(inventory, host, [name]).place)} hosts.${host.name}.${name}`
        : 'default',
    })
    const settings = [
      row('ansible_connection', 'ansible_connection', 'local'),
      row('upgrade_fleet_dir', 'upgrade_fleet_dir', own.workdir ?? '~/.upgrade-fleet'),
    ]
    return { endpoint, settings, warnings: [] }
  }
  const fromOf = (name: string) =>
    `${placeText(placeOfVar(inventory, host, [name]).place)} hosts.${host.name}.${name}`
  const common = given.ansible_ssh_common_args
  const said = sshArguments(common, common === '' ? '' : fromOf('ansible_ssh_common_args'))
  if (typeof said === 'string') {
    complain(['ansible_ssh_common_args'], said)
    throw new InputError(problems)
  }
  const by = controller ?? nobody
  const line = (keyword: string, value: string | number | undefined, from: string) =>
    value === undefined
      ? []
      : (sshLine(`${keyword} "${value}"`, from.startsWith('-') ? from : fromOf(from)) ?? [])
  const lines: readonly SshLine[] = [
    ...[
      line('Port', ownPort, portVar),
      line('User', given.ansible_ssh_user ?? given.ansible_user, userVar),
      line('User', by.typed?.user, '-u'),
      line('ConnectTimeout', given.ansible_ssh_timeout, 'ansible_ssh_timeout'),
      line('ConnectTimeout', given.ansible_timeout, 'ansible_timeout'),
      line('ConnectTimeout', by.typed?.timeout, '-T'),
    ].flat(),
    ...said.lines,
  ]
  const found = sshEndpoint(host.name, address, lines, controller ? rootsOf(by, said.file) : [], by)
  const settings = [
    ...found.settings.map((one) =>
      one.keyword === 'HostName' && one.from === 'default' && given[hostVar] !== undefined
        ? { ...one, from: fromOf(hostVar) }
        : one,
    ),
    ...loginSettings(given).map(({ name, ...row }) => ({ ...row, from: fromOf(name) })),
  ]
  const isTyped = ownKey === undefined
  const key = (ownKey ?? by.typed?.privateKeyFile)?.replace(/^~(?=\/)/, () => by.home)
  const asked = given.ansible_connection === 'openssh' ? fromOf('ansible_connection') : undefined
  if (key === undefined)
    return withTransport({ ...found, settings, endpoint: { ...found.endpoint, ...own } }, by, asked)
  // Only one key is offered: the inventory's leaves no room for those of ssh_config.
  const { identityFiles: _others, ...endpoint } = found.endpoint
  const keyed = {
    ...found,
    settings: settings.flatMap((one, at) =>
      one.keyword !== 'IdentityFile'
        ? one
        : settings.findIndex((other) => other.keyword === 'IdentityFile') === at
          ? {
              keyword: 'IdentityFile',
              value: key,
              from: isTyped ? '--private-key' : fromOf(keyVar),
            }
          : [],
    ),
    endpoint: { ...endpoint, privateKeyFile: key, ...own },
  }
  return withTransport(keyed, by, asked)
}

// One host of a machine is named by all its others, so that nobody has to follow names.
function notTheSame({ hosts }: Inventory, host: InventoryHost, same: string): string | undefined {
  const other = hosts.find(({ name }) => name === same)
  const names = hosts.map(({ name }) => name)
  if (other === undefined) return `expected the name of a host, got "${same}"${didYouMean(same, names)}`
  if (other.name === host.name) return 'expected the name of another host, got its own'
  return Object.hasOwn(other.vars, 'upgrade_fleet_same_machine')
    ? `expected a host without upgrade_fleet_same_machine, got "${same}", which has one itself`
    : undefined
}

// The files that ssh would read: those of `-F` alone, or the user's and the system's.
function rootsOf({ home }: SshController, file: string | undefined): readonly SshRoot[] {
  if (file === 'none') return []
  if (file !== undefined) {
    const path = file.replace(/^~(?=\/)/, () => home)
    return [{ path, system: false, checked: false, wanted: true }]
  }
  return [
    { path: `${home}/.ssh/config`, system: false, checked: true, wanted: false },
    { path: '/etc/ssh/ssh_config', system: true, checked: false, wanted: false },
  ]
}
