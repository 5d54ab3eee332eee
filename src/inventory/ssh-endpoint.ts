import type { Endpoint } from '../model/connection.ts'
import { InputError } from '../model/errors.ts'
import type { SshController, SshRoot } from './ssh-config.ts'
import { type SshLine, sshLine } from './ssh-config-lines.ts'
import { type SshSettings, sshSettings } from './ssh-settings.ts'
import { notUsed, withTransport } from './ssh-transport.ts'

/** One setting of a connection, for people: ssh_config's name, the value, and where it was said. */
export interface ExplainedSetting {
  readonly keyword: string
  readonly value: string
  readonly from: string
}

/** How a machine is reached over SSH, and why so. */
export interface SshEndpoint {
  readonly endpoint: Endpoint
  readonly settings: readonly ExplainedSetting[]
  readonly warnings: readonly string[]
}

const mostJumps = 8

/** Resolves a machine and all that it is behind, for ssh2; {@link withTransport} decides for the machine itself, with the key that counts. `given` are the lines that beat all files. Throws an {@link InputError} with the place. */
export function sshEndpoint(
  name: string,
  original: string,
  given: readonly SshLine[],
  roots: readonly SshRoot[],
  controller: SshController,
  passed: readonly string[] = [],
  asked = '',
): SshEndpoint {
  const found = sshSettings(original, given, roots, controller)
  const { hostName, port, user, connectTimeout, serverAliveInterval, serverAliveCountMax } = found
  const here = `${user?.value ?? controller.user}@${hostName.value}:${port.value}`
  if (passed.includes(here))
    throw new InputError(`${asked} ProxyJump: goes round in a circle: ${[...passed, here].join(' via ')}`)
  const jump = through(found, roots, controller, [...passed, here])
  const command = found.proxyCommand?.value === 'none' ? undefined : found.proxyCommand?.value
  const keys = found.identityFiles?.map((file) => file.value)
  const endpoint: Endpoint = {
    name,
    kind: 'ssh',
    address: hostName.value,
    port: port.value,
    ...(user !== undefined && { user: user.value }),
    ...(keys !== undefined && { identityFiles: keys }),
    ...(found.certificateFiles.length > 0 && {
      certificateFiles: found.certificateFiles.map((file) => file.value),
    }),
    ...(found.hardware.length > 0 && {
      opensshOptions: Object.fromEntries(found.hardware.map(({ keyword, value }) => [keyword, value])),
    }),
    ...(found.identitiesOnly?.value === true && { identitiesOnly: true }),
    ...(found.identityAgent !== undefined && { agent: found.identityAgent.value }),
    knownHostsFiles: [...found.userKnownHostsFiles.value, ...found.globalKnownHostsFiles.value],
    ...(found.userKnownHostsFiles.value.length === 0 && { newKeysFile: '' }),
    ...(found.hashKnownHosts?.value === true && { hashKnownHosts: true }),
    ...(found.hostKeyAlias !== undefined && { hostKeyAlias: found.hostKeyAlias.value }),
    ...(connectTimeout?.value && { connectTimeout: connectTimeout.value }),
    ...(serverAliveInterval?.value && {
      alive: { interval: serverAliveInterval.value, count: Math.max(1, serverAliveCountMax?.value ?? 3) },
    }),
    ...(jump !== undefined && { jump: jump.endpoint }),
    ...(command !== undefined && { proxyCommand: command }),
  }
  return {
    endpoint,
    settings: [...explained(found), ...(jump?.settings ?? [])],
    warnings: [...found.warnings, ...(jump?.warnings ?? [])],
  }
}

// The last of the jumps, itself behind those before it; a single one has what the files say of it.
function through(
  { proxyJump }: SshSettings,
  roots: readonly SshRoot[],
  controller: SshController,
  passed: readonly string[],
): SshEndpoint | undefined {
  if (proxyJump === undefined || proxyJump.value.toLowerCase() === 'none') return undefined
  const { value, from } = proxyJump
  const before = value.split(',')
  const last = before.pop() ?? ''
  const [, user, bracketed, bare, port] =
    /^(?:ssh:\/\/)?(?:([^@\s]+)@)?(?:\[([^\]\s]+)\]|([^:@\s[\]/-][^:@\s[\]/]*))(?::(\d+))?\/?$/.exec(last) ??
    []
  const host = bracketed ?? bare
  if (host === undefined)
    throw new InputError(`${from} ProxyJump: expected [user@]host[:port], got ${JSON.stringify(last)}`)
  const lines = [
    ...(user === undefined ? [] : [`User ${user}`]),
    ...(port === undefined ? [] : [`Port ${port}`]),
    ...(before.length === 0 ? [] : [`ProxyJump ${before.join(',')}`]),
  ].flatMap((line) => sshLine(line, from) ?? [])
  const way = [...passed, host].join(' via ')
  if (passed.length > mostJumps)
    throw new InputError(`${from} ProxyJump: expected at most ${mostJumps} machines in a row: ${way}`)
  const hop = withTransport(sshEndpoint(host, host, lines, roots, controller, passed, from), controller)
  const settings = hop.settings.map((one) =>
    one.keyword.startsWith('via ') ? one : { ...one, keyword: `via ${host}: ${one.keyword}` },
  )
  return { ...hop, settings }
}

/** All settings for people, those that nobody gave as the defaults that count. */
function explained(found: SshSettings): readonly ExplainedSetting[] {
  const row = (keyword: string, one: { value: unknown; from: string } | undefined, other: string) =>
    one === undefined
      ? { keyword, value: other, from: 'default' }
      : { keyword, value: Array.isArray(one.value) ? one.value.join(' ') : String(one.value), from: one.from }
  const keys = found.identityFiles?.map((file) => row('IdentityFile', file, '')) ?? [
    row('IdentityFile', undefined, 'what the agent has, or the usual files'),
  ]
  return [
    row('HostName', found.hostName, ''),
    row('Port', found.port, ''),
    row('User', found.user, 'who runs this'),
    ...(keys.length > 0 ? keys : [row('IdentityFile', undefined, 'none')]),
    row('IdentitiesOnly', found.identitiesOnly, 'false'),
    ...found.certificateFiles.map((file) => row('CertificateFile', file, '')),
    ...found.hardware.map((one) => row(one.keyword, one, '')),
    row('IdentityAgent', found.identityAgent, 'SSH_AUTH_SOCK'),
    row('UserKnownHostsFile', found.userKnownHostsFiles, ''),
    row('GlobalKnownHostsFile', found.globalKnownHostsFiles, ''),
    row('HashKnownHosts', found.hashKnownHosts, 'false'),
    row('HostKeyAlias', found.hostKeyAlias, 'none'),
    row('ProxyJump', found.proxyJump, 'none'),
    row('ProxyCommand', found.proxyCommand, 'none'),
    row('ConnectTimeout', found.connectTimeout?.value ? found.connectTimeout : undefined, '20'),
    row(
      'ServerAliveInterval',
      found.serverAliveInterval?.value ? found.serverAliveInterval : undefined,
      '15',
    ),
    row('ServerAliveCountMax', found.serverAliveCountMax, '3'),
    ...found.idle.map((line) => ({
      keyword: line.keyword,
      value: line.rest,
      from: `${line.from}${notUsed}`,
    })),
  ]
}
