import type { On } from '../model/action.ts'
import { sh } from '../model/command.ts'
import type { Process } from '../modules/process.ts'

/** What a home's pid file names: nothing, one of its servers, a process that has ended, or somebody else's. */
export type PidFile =
  | { readonly kind: 'none' | 'ours' | 'stale'; readonly pid?: number }
  | { readonly kind: 'foreign'; readonly pid: number; readonly args: string }

/**
 * Reads a home's pid file and does not believe it. It is 100 bytes, of which the digits before the first line end count; the
 * server writes it once and never takes it away (the kernel's `Main`), so that its number may be another process's by now.
 */
export async function pidFile(
  on: Pick<On, 'must'>,
  home: string,
  servers: readonly Process[],
): Promise<PidFile> {
  const said = await on.must(
    sh.read`p=$(head -c 100 -- ${`${home}/wso2carbon.pid`} 2>/dev/null | tr '\0' '\n' | head -n 1)
case $p in ''|*[!0-9]*) exit 0 ;; esac
printf '%s\n' "$p"; tr '\0\n' '  ' <"/proc/$p/cmdline" 2>/dev/null | cut -c 1-200; :`,
  )
  const [text = '', args = ''] = said.split('\n')
  if (text === '') return { kind: 'none' }
  const pid = Number(text)
  if (servers.some((server) => server.pid === pid)) return { kind: 'ours', pid }
  return args.trim() === '' ? { kind: 'stale', pid } : { kind: 'foreign', pid, args: args.trim() }
}
