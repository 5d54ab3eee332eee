import { access, constants, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** One setting of an `ansible.cfg`, as it is written. */
export interface AnsibleSetting {
  readonly section: string
  /** In small letters, as Ansible compares it. */
  readonly key: string
  /** Nothing where there is no `=`: Ansible refuses the whole file then. */
  readonly value: string | undefined
  readonly line: number
}

/** The `ansible.cfg` that Ansible would read, and one that it would pass over for the sake of safety. */
export interface FoundAnsibleCfg {
  readonly file: string | undefined
  /** One that lies in a directory in which everybody may write. */
  readonly unsafe: string | undefined
}

/**
 * Finds the `ansible.cfg` as Ansible does (`find_ini_config_file`): ANSIBLE_CONFIG, that of the directory that one stands in unless
 * everybody may write there, `~/.ansible.cfg`, `/etc/ansible/ansible.cfg`; the first that can be read.
 */
export async function findAnsibleCfg({
  cwd,
  home,
  env,
  system = '/etc/ansible/ansible.cfg',
}: {
  readonly cwd: string
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly system?: string
}): Promise<FoundAnsibleCfg> {
  const named = env['ANSIBLE_CONFIG']
  const wanted: string[] = []
  if (named) {
    const path = resolve(
      cwd,
      named.replace(/^~(?=\/)/, () => home),
    )
    const isDirectory = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    )
    wanted.push(isDirectory ? join(path, 'ansible.cfg') : path)
  }
  const here = join(cwd, 'ansible.cfg')
  const isOpen = await stat(cwd).then(
    ({ mode }) => (mode & 0o002) !== 0,
    () => false,
  )
  if (!isOpen) wanted.push(here)
  wanted.push(join(home, '.ansible.cfg'), system)
  const file = await firstReadable(wanted)
  const unsafe = isOpen && file !== here ? await firstReadable([here]) : undefined
  return { file, unsafe }
}

async function firstReadable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const can = await access(path, constants.R_OK).then(
      () => true,
      () => false,
    )
    if (can) return path
  }
  return undefined
}

/** The settings of an `ansible.cfg`, as Python's configparser reads it with `;` as the mark of comments within a line. */
export function parseAnsibleCfg(text: string): readonly AnsibleSetting[] {
  const settings: AnsibleSetting[] = []
  let section = ''
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    if (/^\s*[#;]/.test(raw)) continue
    const line = raw.replace(/(^|\s);.*$/, '').trimEnd()
    const last = settings.at(-1)
    const [, head] = /^\[([^\]]+)\]/.exec(line) ?? []
    const [, key, value] = /^([^\s=:][^=:]*?)\s*(?:[=:]\s*(.*))?$/.exec(line) ?? []
    if (line.trim() === '') continue
    if (head !== undefined) section = head
    else if (/^\s/.test(line) && last !== undefined && last.section === section)
      settings[settings.length - 1] = { ...last, value: [last.value ?? '', line.trim()].join(' ').trim() }
    else if (key !== undefined) settings.push({ section, key: key.toLowerCase(), value, line: at + 1 })
  }
  return settings
}

/** The text of an `ansible.cfg` and its settings. */
export async function readAnsibleCfg(file: string): Promise<readonly AnsibleSetting[]> {
  return parseAnsibleCfg(await readFile(file, 'utf8'))
}
