import { InputError } from '../model/errors.ts'
import { nearest } from '../model/nearest.ts'
import { matchesSshList } from '../model/ssh-patterns.ts'
import type { TypedBecome } from './become-vars.ts'
import { addsUp, keywordKind } from './ssh-config-keywords.ts'
import { type SshLine, sshLines } from './ssh-config-lines.ts'
import { matchExec } from './ssh-exec.ts'
import type { SshFiles } from './ssh-files.ts'
import { hostApplies, matchApplies, type SshSubject } from './ssh-match.ts'

/** Who runs this, for what the files say of them, and where the files are. */
export interface SshController {
  /** The value of an encrypted variable, by the name of its secret, where it was opened. */
  readonly opened?: (name: string) => string | undefined
  readonly user: string
  readonly uid: number | undefined
  readonly home: string
  /** This machine's own name. */
  readonly hostName: string
  /** A variable of the environment. */
  env(name: string): string | undefined
  readonly files: SshFiles
  /** Runs a command of `Match exec` and says whether it ended with 0; undefined where that is not allowed. Throws an Error. */
  readonly run?: ((command: string) => boolean) | undefined
  /** What was typed for all hosts whose variables do not say otherwise: `-u`, `--private-key`, and `-T` in seconds, `-b` and its companions. */
  readonly typed?: TypedBecome & {
    readonly user?: string
    readonly privateKeyFile?: string
    readonly timeout?: number
  }
}

/** A file to begin with: those of `/etc/ssh` include from there, and `~` is not theirs. */
export interface SshRoot {
  readonly path: string
  readonly system: boolean
  /** Refuse it when others may write it. */
  readonly checked: boolean
  /** Whether it must be there. */
  readonly wanted: boolean
}

/** The lines that count for one machine, by keyword in small letters: one each, or several of IdentityFile. */
export type SshLines = ReadonlyMap<string, readonly SshLine[]>

const deepest = 16

/**
 * Reads the files as OpenSSH does for `ssh original`: the first value counts, `given` (a command line's options) before
 * all files. Throws an {@link InputError} with file and line for whatever OpenSSH would refuse.
 */
export function evaluateSsh(
  original: string,
  given: readonly SshLine[],
  roots: readonly SshRoot[],
  controller: SshController,
): SshLines {
  const values = new Map<string, SshLine[]>()
  const ignored: string[] = []
  for (const line of given) take(values, line, ignored)
  const first = (key: string) => values.get(key)?.[0]?.words[0]
  let wantFinal = false
  const pass = (host: string, final: boolean) => {
    const subject: SshSubject = {
      original,
      host,
      resolved: () => (final ? host : hostOf(first('hostname'), original)),
      user: () => first('user') ?? controller.user,
      localUser: controller.user,
      final,
      exec: (line, command) =>
        matchExec(line, command, controller, {
          host: hostOf(first('hostname'), original),
          original,
          port: Number(first('port') ?? 22),
          user: first('user') ?? controller.user,
          keyAlias: first('hostkeyalias') ?? original,
        }),
      wantFinal: () => {
        wantFinal = true
      },
    }
    for (const root of roots) {
      if (controller.files.read(root.path, root.checked) === undefined && root.wanted)
        throw new InputError(`${root.path}: there is no such ssh_config`, 'Name one that exists: -F FILE.')
      readFile(root.path, root, root.checked, true, 0, subject)
    }
  }
  const readFile = (
    path: string,
    root: SshRoot,
    checked: boolean,
    outer: boolean,
    depth: number,
    subject: SshSubject,
  ) => {
    const text = controller.files.read(path, checked)
    if (text === undefined) return
    let active = outer
    for (const line of sshLines(text, path)) {
      if (line.key === 'host') active = outer && hostApplies(line, subject)
      else if (line.key === 'match') active = outer && matchApplies(line, subject)
      else if (line.key === 'include') include(line, root, active, depth, subject)
      else if (active) take(values, line, ignored)
      else known(line, ignored)
    }
  }
  const include = (line: SshLine, root: SshRoot, active: boolean, depth: number, subject: SshSubject) => {
    if (depth >= deepest) throw wrong(line, `expected at most ${deepest} files within one another`)
    for (const word of line.words) {
      if (word.startsWith('~') && (root.system || !/^~(\/|$)/.test(word)))
        throw wrong(line, `expected a path that begins with / or ~/, got ${JSON.stringify(word)}`)
      const base = root.system ? '/etc/ssh' : `${controller.home}/.ssh`
      const pattern = word.startsWith('~')
        ? `${controller.home}${word.slice(1)}`
        : word.startsWith('/')
          ? word
          : `${base}/${word}`
      for (const path of controller.files.glob(pattern))
        readFile(path, root, true, active, depth + 1, subject)
    }
  }
  pass(original, false)
  // OpenSSH has decided on the name by then: what the final pass says of it comes too late.
  if (wantFinal && !values.has('hostname')) {
    const name = original.replaceAll('%', '%%')
    const line = { keyword: 'HostName', key: 'hostname', rest: name, words: [name], from: 'default' }
    values.set('hostname', [line])
  }
  if (wantFinal) pass(hostOf(first('hostname'), original).toLowerCase(), true)
  return values
}

/** A HostName with its tokens: `%h` is the name as it was asked for. */
export function hostOf(hostName: string | undefined, original: string): string {
  return hostName === undefined
    ? original
    : hostName.replace(/%([h%])/g, (_all, letter) => (letter === 'h' ? original : '%'))
}

function take(values: Map<string, SshLine[]>, line: SshLine, ignored: string[]): void {
  if (!known(line, ignored)) return
  if (line.key === 'ignoreunknown') {
    if (ignored.length === 0) ignored.push(line.words[0] ?? '')
    return
  }
  // A proxy of either kind decides against the other; `none` does only as a command. So `ssh -G` says.
  const jump = values.get('proxyjump')?.[0]?.words[0]
  if (line.key === 'proxyjump' && values.has('proxycommand')) return
  if (line.key === 'proxycommand' && jump !== undefined && jump.toLowerCase() !== 'none') return
  const before = values.get(line.key)
  if (before === undefined) values.set(line.key, [line])
  else if (addsUp(line.key) && !before.some((one) => one.words[0] === line.words[0])) before.push(line)
}

// Whether it is a keyword; one that is not is passed over where IgnoreUnknown says so, and refused elsewhere.
function known(line: SshLine, ignored: readonly string[]): boolean {
  if (keywordKind(line.key) !== undefined) return true
  if (ignored.some((list) => matchesSshList(line.key, list.toLowerCase()))) return false
  const near = nearest(line.keyword, [
    'HostName',
    'Port',
    'User',
    'IdentityFile',
    'ProxyJump',
    'ProxyCommand',
  ])
  throw wrong(
    line,
    `OpenSSH knows no such keyword${near === undefined ? '' : `; did you mean ${near}?`} (IgnoreUnknown lets one pass)`,
  )
}

const wrong = (line: SshLine, message: string) => new InputError(`${line.from} ${line.keyword}: ${message}`)
