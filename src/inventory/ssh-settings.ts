import { InputError } from '../model/errors.ts'
import { evaluateSsh, hostOf, type SshController, type SshLines, type SshRoot } from './ssh-config.ts'
import { keywordKind } from './ssh-config-keywords.ts'
import type { SshLine } from './ssh-config-lines.ts'
import { notForShell } from './ssh-exec.ts'
import { type SshTokens, withEnvironment, withTokens } from './ssh-tokens.ts'

/** A value and where it was said: `file:line`, a variable of the inventory, or `default`. */
export interface Sourced<T> {
  readonly value: T
  readonly from: string
}

/** All that is used of ssh_config for one machine. What nobody said is undefined, but for name and port. */
export interface SshSettings {
  readonly hostName: Sourced<string>
  readonly port: Sourced<number>
  readonly user: Sourced<string> | undefined
  /** In order; `none` is left out, so where it stands alone there is none, not even the usual ones. */
  readonly identityFiles: readonly Sourced<string>[] | undefined
  readonly identitiesOnly: Sourced<boolean> | undefined
  /** In order; `none` is left out. */
  readonly certificateFiles: readonly Sourced<string>[]
  /** Libraries that speak with hardware keys: `PKCS11Provider` and `SecurityKeyProvider`; `none` is left out. */
  readonly hardware: readonly (Sourced<string> & { readonly keyword: string })[]
  /** The agent's socket; '' for none. */
  readonly identityAgent: Sourced<string> | undefined
  readonly userKnownHostsFiles: Sourced<readonly string[]>
  readonly globalKnownHostsFiles: Sourced<readonly string[]>
  readonly hashKnownHosts: Sourced<boolean> | undefined
  readonly hostKeyAlias: Sourced<string> | undefined
  /** As written, at most one of the two: jumps with commas, or a command with its tokens put in. */
  readonly proxyJump: Sourced<string> | undefined
  readonly proxyCommand: Sourced<string> | undefined
  /** Seconds. */
  readonly connectTimeout: Sourced<number> | undefined
  readonly serverAliveInterval: Sourced<number> | undefined
  readonly serverAliveCountMax: Sourced<number> | undefined
  /** What was said and is done otherwise here, with its place. */
  readonly warnings: readonly string[]
  /** What was said and means nothing to a runner. */
  readonly idle: readonly SshLine[]
}

const anywhere = 'hnprudilLk'

/** Resolves what `ssh original` would use. Throws an {@link InputError} with the place of what is wrong or cannot be honoured. */
export function sshSettings(
  original: string,
  given: readonly SshLine[],
  roots: readonly SshRoot[],
  controller: SshController,
): SshSettings {
  const lines = evaluateSsh(original, given, roots, controller)
  const get = <T>(key: string, read: (line: SshLine) => T): Sourced<T> | undefined => {
    const [line] = lines.get(key) ?? []
    return line === undefined ? undefined : { value: read(line), from: line.from }
  }
  const home = controller.home
  const hostName = get('hostname', (line) => {
    const text = hostOf(plain(line), original)
    if (/%/.test(plain(line).replace(/%[h%]/g, ''))) throw wrong(line, 'only %h and %% are understood here')
    return named(line, text).toLowerCase()
  }) ?? { value: original.toLowerCase(), from: 'default' }
  const port = get('port', portOf) ?? { value: 22, from: 'default' }
  const user = get('user', (line) => named(line, only(line)))
  const hostKeyAlias = get('hostkeyalias', only)
  const tokens: SshTokens = {
    host: hostName.value,
    original,
    port: port.value,
    user: user?.value ?? controller.user,
    localUser: controller.user,
    uid: controller.uid,
    home,
    localHost: controller.hostName,
    keyAlias: hostKeyAlias?.value ?? original,
  }
  const expanded = (line: SshLine, text: string, allowed: string): string => {
    const result = withTokens(text, allowed, tokens)
    if ('wrong' in result) throw wrong(line, result.wrong)
    return result.text
  }
  const file = (line: SshLine, text: string): string => {
    const environed = withEnvironment(text, controller.env)
    if ('wrong' in environed) throw wrong(line, environed.wrong)
    const path = expanded(line, environed.text, anywhere).replace(/^~(?=\/|$)/, () => home)
    // OpenSSH takes it from where the user stands, which is not the same twice.
    if (!/^(\/|~\/)/.test(path)) throw wrong(line, `expected an absolute path, got ${JSON.stringify(text)}`)
    return path
  }
  const fileList = (line: SshLine) =>
    line.words.length === 1 && line.words[0] === 'none' ? [] : line.words.map((word) => file(line, word))
  const filesOf = (key: string): readonly Sourced<string>[] =>
    (lines.get(key) ?? [])
      .filter((line) => only(line).toLowerCase() !== 'none')
      .map((line) => ({ value: file(line, only(line)), from: line.from }))
  const warnings: string[] = []
  const settings: SshSettings = {
    hostName,
    port,
    user,
    identityFiles: lines.has('identityfile') ? filesOf('identityfile') : undefined,
    certificateFiles: filesOf('certificatefile'),
    hardware: ['PKCS11Provider', 'SecurityKeyProvider'].flatMap((keyword) => {
      const [line] = lines.get(keyword.toLowerCase()) ?? []
      // OpenSSH's own name for what it does without a library.
      if (line === undefined || ['none', 'internal'].includes(only(line).toLowerCase())) return []
      return [{ keyword, value: file(line, only(line)), from: line.from }]
    }),
    identitiesOnly: get('identitiesonly', yesNo),
    identityAgent: get('identityagent', (line) => agentOf(line, controller.env, file)),
    userKnownHostsFiles: get('userknownhostsfile', fileList) ?? {
      value: [`${home}/.ssh/known_hosts`, `${home}/.ssh/known_hosts2`],
      from: 'default',
    },
    globalKnownHostsFiles: get('globalknownhostsfile', fileList) ?? {
      value: ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
      from: 'default',
    },
    hashKnownHosts: get('hashknownhosts', yesNo),
    hostKeyAlias,
    proxyJump: get('proxyjump', only),
    proxyCommand: get('proxycommand', (line) => {
      if (line.rest.trim().toLowerCase() === 'none') return 'none'
      for (const value of [tokens.host, tokens.user, tokens.original])
        if (notForShell.test(value)) throw wrong(line, `will not hand ${JSON.stringify(value)} to a shell`)
      return expanded(line, line.rest, 'hnprk')
    }),
    connectTimeout: get('connecttimeout', seconds),
    serverAliveInterval: get('serveraliveinterval', seconds),
    serverAliveCountMax: get('serveralivecountmax', count),
    warnings,
    idle: [...lines].filter(([key]) => keywordKind(key) === 'idle').flatMap(([, all]) => all),
  }
  notHonoured(lines, warnings)
  return settings
}

// Throws for what would make another connection than the one asked for; adds what is only done another way.
function notHonoured(lines: SshLines, warnings: string[]): void {
  const warn = (line: SshLine, why: string) =>
    warnings.push(`${line.from} ${line.keyword} ${line.rest}: ${why}`)
  for (const [key, [line]] of lines) {
    if (line === undefined) continue
    const value = line.words[0]?.toLowerCase()
    const off = value === 'no' || value === 'none' || value === 'false'
    if (key === 'stricthostkeychecking') {
      if (value === 'no' || value === 'off')
        throw wrong(
          line,
          'host keys are always checked here, there is no switch that turns it off; take the line away, or use another file (-F FILE in ansible_ssh_common_args)',
        )
      if (value === 'accept-new')
        warn(line, 'here the key of an unknown host is taken only with --host-key-checking accept-new')
      else if (value !== 'yes' && value !== 'ask') throw wrong(line, 'expected yes, ask or accept-new')
    } else if (keywordKind(key) === 'refused' && !off) {
      throw wrong(line, 'cannot be honoured here, and without it another connection would be made')
    } else if (keywordKind(key) === 'warned') warn(line, 'not honoured here')
    else if ((key === 'connecttimeout' || key === 'serveraliveinterval') && seconds(line) === 0)
      warn(line, 'there is always a limit here; the default counts')
  }
}

const wrong = (line: SshLine, message: string) => new InputError(`${line.from} ${line.keyword}: ${message}`)

const plain = (line: SshLine): string => line.words[0] ?? ''

function only(line: SshLine): string {
  const [word, ...more] = line.words
  if (word === undefined || word === '') throw wrong(line, 'expected a value')
  if (more.length > 0) throw wrong(line, `expected one value, got ${JSON.stringify(line.rest)}`)
  return word
}

function named(line: SshLine, text: string): string {
  only(line)
  if (!/^[^-\p{Cc}\s][^\p{Cc}\s]*$/u.test(text))
    throw wrong(line, `expected a name without spaces or a leading "-", got ${JSON.stringify(text)}`)
  return text
}

function portOf(line: SshLine): number {
  const value = Number(only(line))
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw wrong(line, `expected a port of 1 to 65535, got ${JSON.stringify(line.rest)}`)
  return value
}

function yesNo(line: SshLine): boolean {
  const value = only(line).toLowerCase()
  if (value !== 'yes' && value !== 'no' && value !== 'true' && value !== 'false')
    throw wrong(line, `expected yes or no, got ${JSON.stringify(line.rest)}`)
  return value === 'yes' || value === 'true'
}

function count(line: SshLine): number {
  const value = Number(only(line))
  if (!Number.isInteger(value) || value < 0) throw wrong(line, 'expected a whole number')
  return value
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

// As sshd_config(5) writes times: 90, 1m30s; none is 0.
function seconds(line: SshLine): number {
  const text = only(line).toLowerCase()
  if (text === 'none') return 0
  if (!/^(\d{1,9}[smhdw]?)+$/.test(text))
    throw wrong(line, `expected a time such as 90 or 1m30s, got ${JSON.stringify(line.rest)}`)
  return [...text.matchAll(/(\d+)([smhdw]?)/g)].reduce(
    (sum, [, digits, unit]) => sum + Number(digits) * (units[unit || 's'] ?? 1),
    0,
  )
}

function agentOf(
  line: SshLine,
  env: SshController['env'],
  file: (line: SshLine, text: string) => string,
): string {
  const text = only(line)
  if (text.toLowerCase() === 'none') return ''
  if (text === 'SSH_AUTH_SOCK') return env('SSH_AUTH_SOCK') ?? ''
  return text.startsWith('$') && !text.startsWith('${') ? (env(text.slice(1)) ?? '') : file(line, text)
}
