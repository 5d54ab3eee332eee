import { quote } from '../model/command.ts'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'

/** All that one `ssh` process is told. Nothing else counts for it: no ssh_config is read. */
export interface MasterSettings {
  readonly username: string
  /** Where it lends its connection, writes its messages, and reads the only host keys that it may take. */
  readonly socket: string
  readonly log: string
  readonly knownHosts: string
  readonly hostKeyAlgorithms: readonly string[]
  /** Key files in the order in which they are offered. */
  readonly identityFiles: readonly string[]
  readonly identitiesOnly: boolean
  /** The agent's socket; '' for none. */
  readonly agent: string
  /** Whether a password will be answered when it is asked for, once. */
  readonly password: boolean
  /** Whether the passphrase of its key will be answered when it is asked for, once. */
  readonly passphrase: boolean
  /** A command whose input and output are the connection. */
  readonly proxyCommand?: string
  /** Seconds for TCP and handshake, and of silence after which it gives up. */
  readonly connectTimeout: number
  readonly silence: { readonly interval: number; readonly count: number }
}

/** Seconds that a master without anybody who uses it lives on: long enough to be joined, short enough to leave nothing behind. */
export const persistSeconds = 5

/** The arguments of a master. It asks nobody anything, forwards nothing, and takes no host key but those that it is given. */
export function masterArguments(endpoint: Endpoint, settings: MasterSettings): readonly string[] {
  const { name, address, port, hostKeyAlias, certificateFiles = [], opensshOptions = {} } = endpoint
  const path = (text: string) => pathValue(name, text)
  const { password, passphrase } = settings
  const gssapi = opensshOptions['GSSAPIAuthentication'] === 'yes'
  const methods = [
    ...(gssapi ? ['gssapi-with-mic'] : []),
    'publickey',
    ...(password ? ['keyboard-interactive', 'password'] : []),
  ]
  const options: readonly (readonly [string, string])[] = [
    // What may be asked is answered by a program of ours, or not at all: it has no terminal.
    ['BatchMode', password || passphrase ? 'no' : 'yes'],
    ['StrictHostKeyChecking', 'yes'],
    ['UserKnownHostsFile', path(settings.knownHosts)],
    ['GlobalKnownHostsFile', 'none'],
    ['HostKeyAlgorithms', settings.hostKeyAlgorithms.join(',')],
    ...(hostKeyAlias === undefined ? [] : [['HostKeyAlias', hostKeyAlias] as const]),
    ['UpdateHostKeys', 'no'],
    ['VerifyHostKeyDNS', 'no'],
    ['CheckHostIP', 'no'],
    ['PreferredAuthentications', methods.join(',')],
    ['PasswordAuthentication', password ? 'yes' : 'no'],
    ['KbdInteractiveAuthentication', password ? 'yes' : 'no'],
    ['NumberOfPasswordPrompts', password || passphrase ? '1' : '0'],
    ...settings.identityFiles.map((file) => ['IdentityFile', path(file)] as const),
    ...certificateFiles.map((file) => ['CertificateFile', path(file)] as const),
    ...(settings.identityFiles.length === 0 ? [['IdentityFile', 'none'] as const] : []),
    ['IdentitiesOnly', settings.identitiesOnly ? 'yes' : 'no'],
    ['IdentityAgent', settings.agent === '' ? 'none' : path(settings.agent)],
    ['AddKeysToAgent', 'no'],
    ...Object.entries(opensshOptions).map(
      ([keyword, value]) => [keyword, value.startsWith('/') ? path(value) : value] as const,
    ),
    // Nothing with SHA-1 or 64-bit tags; all else is OpenSSH's own choice, which has key exchanges that we have not.
    ['KexAlgorithms', '-*sha1'],
    ['MACs', '-*sha1*,umac-64*'],
    ['Compression', 'no'],
    ['ConnectTimeout', String(Math.max(1, Math.ceil(settings.connectTimeout)))],
    ['ConnectionAttempts', '1'],
    ['ServerAliveInterval', String(settings.silence.interval)],
    ['ServerAliveCountMax', String(settings.silence.count)],
    ['ControlPersist', String(persistSeconds)],
    ['ForwardAgent', 'no'],
    ['ForwardX11', 'no'],
    ['ClearAllForwardings', 'yes'],
    ['PermitLocalCommand', 'no'],
    ['RequestTTY', 'no'],
    ['EscapeChar', 'none'],
    ['LogLevel', 'INFO'],
    // Of all that it could tell, which host key it was shown, and what was said before SSH; older ones than 8.5 do not.
    ['IgnoreUnknown', 'LogVerbose'],
    ['LogVerbose', '*:verify_host_key():*,*:kex_exchange_identification():*'],
    ...(settings.proxyCommand === undefined
      ? []
      : [['ProxyCommand', proxyValue(settings.proxyCommand, settings.log)] as const]),
  ]
  return [
    ...['-F', 'none', '-M', '-N', '-S', path(settings.socket), '-E', settings.log],
    ...['-l', settings.username, '-p', String(port)],
    ...options.flatMap(([keyword, value]) => ['-o', `${keyword}=${value}`]),
    '--',
    address,
  ]
}

/** A command of `/bin/sh` whose input and output are a TCP connection from where a master is; it never makes a connection of its own. */
export function dialCommand(program: string, socket: string, address: string, port: number): string {
  const words = [
    program,
    ...['-F', 'none', '-S', socket.replaceAll('%', '%%')],
    ...['-o', 'ControlMaster=no', '-o', 'ProxyCommand=false', '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR'],
    ...['-W', `[${address}]:${port}`, '--', 'nobody'],
  ]
  return words.map(quote).join(' ')
}

// What it complains of would be thrown away, since ssh goes on without us.
function proxyValue(command: string, log: string): string {
  return `/bin/sh -c ${quote(`exec ${command}`)} 2>>${quote(log)}`.replaceAll('%', '%%')
}

/** A path as ssh's own options take it: one word, and nothing in it put in for something else. */
function pathValue(name: string, text: string): string {
  if (text.includes('${') || text.includes('"'))
    throw new ConnectionError(
      name,
      'refused',
      `${name}: ssh would read ${JSON.stringify(text)} as another path\nRename it, so that it has neither " nor \${ in it.`,
    )
  const whole = text.replaceAll('%', '%%').replaceAll('\\', '\\\\')
  return /[\s'#\\]/.test(whole) ? `"${whole}"` : text.replaceAll('%', '%%')
}
