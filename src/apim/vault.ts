import type { On } from '../model/action.ts'
import { sh } from '../model/command.ts'
import type { Secret } from '../model/secret.ts'
import { clock, holds, linesOf, pauses, readText } from '../modules/target.ts'
import { startedSign } from './health-signs.ts'
import { type LogMark, logLines, serversOf } from './server.ts'

/** Whether a file of configuration has an encrypted secret: an alias outside comments, or a key of `[secrets]` (ciphertool's own forms). */
export function hasSecrets(path: string, text: string): boolean {
  if (!path.endsWith('.toml')) return /\ssvns:secretAlias\s*=/.test(withoutComments(text))
  let inside = false
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line.startsWith('[')) inside = /^\[\s*secrets\s*\]/.test(line)
    else if (inside && line !== '' && !line.startsWith('#')) return true
  }
  return false
}

function withoutComments(xml: string): string {
  const [first = '', ...parts] = xml.split('<!--')
  return (
    first + parts.map((part) => (part.includes('-->') ? part.slice(part.indexOf('-->') + 3) : '')).join('')
  )
}

/** Whether a home's configuration uses secure vault, so that each start wants the key store's password. */
export async function usesVault(on: On, home: string): Promise<boolean> {
  const said = await on.must(
    sh.read`cd -- ${`${home}/repository/conf`} 2>/dev/null && grep -rlE --include='*.xml' --include=deployment.toml -e 'svns:secretAlias' -e '^[[:space:]]*\[secrets\]' . ; :`,
  )
  for (const path of linesOf(said))
    if (hasSecrets(path, await readText(on, `${home}/repository/conf/${path}`))) return true
  return false
}

/** Whether the operator left the password for good. */
export const hasPassword = (on: On, home: string): Promise<boolean> =>
  holds(on, sh.read`[ -s ${`${home}/password-persist`} ]`)

const handed = (home: string): string => `${home}/password-tmp`

/** What a start hands over: the home, the password if there is one, and the longest that a start may take in seconds. */
type Handing = { readonly home: string; readonly vault?: Secret | undefined; readonly seconds: number }

/**
 * Begins a start with the key store's password where secure vault reads it, in a file of mode 0600 of the home's owner. The server
 * overwrites and deletes it (the securevault component); it is gone when this returns, whatever happened but the end of us:
 * then {@link withoutPassword} of the same start's undo, or the start done again, takes it away.
 */
export async function withPassword<Out>(
  on: On,
  { home, vault, seconds }: Handing,
  since: LogMark,
  begin: () => Promise<Out>,
): Promise<Out> {
  if (vault === undefined || !(await usesVault(on, home))) return begin()
  const file = handed(home)
  await on.put({ text: [vault, '\n'] }, file, { mode: 0o600, signal: on.signal })
  try {
    // Root's file could not be read by the user that the server runs as.
    await on.must(sh`chown --reference=${home} -- ${file} 2>/dev/null || :`)
    const out = await begin()
    await read(on, home, seconds, since)
    return out
  } finally {
    await withoutPassword(on, home)
  }
}

/** Takes away what a start was to be told and has not read. */
export async function withoutPassword(on: Pick<On, 'must'>, home: string): Promise<void> {
  await on.must(sh`rm -f -- ${handed(home)}`)
}

// It is read early in a start; one that has ended, or has started without it, will not.
async function read(on: On, home: string, seconds: number, since: LogMark): Promise<void> {
  const begun = clock()
  const rest = pauses(on, 0.5)
  for (;;) {
    if (await holds(on, sh.read`[ ! -e ${handed(home)} ]`)) return
    if ((await logLines(on, home, since, [startedSign], 1)).length > 0) return
    const waited = clock() - begun
    if (waited > seconds || (waited > 20 && (await serversOf(on, home)).length === 0)) return
    await rest()
  }
}
