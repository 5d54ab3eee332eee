import { change, type On } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import type { Text } from '../../model/secret.ts'
import { partOf } from '../archives/mark.ts'
import { bringFileBack, type Kept, keepFile, storeFile } from '../files/keep.ts'
import { absolute, hasRights, look, modeText, type Rights } from '../files/look.ts'
import { rightsDiff } from '../files/rewrite.ts'
import { ask, runJob } from '../target.ts'
import { openUrl } from './here.ts'
import { fetchThere } from './there.ts'

export type DownloadInput = Rights & {
  /** An `http:` or `https:` address, without a name or password in it. */
  readonly url: string
  /** Absolute path of the file on the machine. */
  readonly dest: string
  /** The SHA-256 that it must have. */
  readonly sha256: string
  /**
   * Who fetches it. `host` (default): the machine, by its curl or wget and the proxies of its environment; where it has
   * neither, the controller. `controller`: from here, without a proxy, and nothing of it is kept here.
   */
  readonly from?: 'host' | 'controller' | undefined
  /** More bytes are not taken; default 16 GiB. */
  readonly maxBytes?: number | undefined
  /** How many redirects are followed, never from https to http; default 5, none with `headers`, nor by wget over https. */
  readonly redirects?: number | undefined
  /** Headers to send, which may hold secrets; `host` alone. */
  readonly headers?: Readonly<Record<string, Text>> | undefined
  /** A file of who fetches it with the certificates that are trusted instead of the system's. */
  readonly ca?: string | undefined
}

export type Downloaded = { readonly dest: string }

const usual = { maxBytes: 16 * 1024 ** 3, redirects: 5 }

/**
 * A file of a web server, proved by its SHA-256 before it gets its name. What is cut goes on from what has come, in a later run
 * too where the machine fetches it. Undo brings back what stood there.
 *
 * @example
 * download({
 *   url: 'https://files.example.com/jdk.tar.gz',
 *   dest: '/srv/app/jdk.tar.gz',
 *   sha256: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
 * })
 */
export const download = change<DownloadInput, Downloaded, Kept>('download', {
  async check(on, input) {
    mustBeSane(input)
    const found = await look(on, input.dest, { follow: false, want: 'digest' })
    if (found.kind === 'directory' || found.kind === 'other')
      throw new TaskError(`${input.dest} on ${on.name} is no file (${found.kind})`)
    return found.kind === 'file' && found.sha256 === input.sha256 && hasRights(found, input)
      ? { dest: input.dest }
      : undefined
  },
  async diff(on, input) {
    const { dest, url, sha256, mode, owner, group } = input
    const found = await look(on, dest, { follow: false, want: 'nothing' })
    const before = found.kind === 'file' ? `${found.size} bytes\n` : ''
    return [
      ...rightsDiff({ path: dest, mode, owner, group }, found),
      { path: dest, before, after: `${url}\nSHA-256 ${sha256}\n` },
    ]
  },
  remember: (on, { dest }) => keepFile(on, dest, false),
  async apply(on, input, kept) {
    mustBeSane(input)
    const { dest, sha256, mode, owner, group } = input
    const rights = { mode, owner, group }
    const found = await look(on, dest, { follow: false, want: 'digest' })
    if (found.kind === 'file' && found.sha256 === sha256 && hasRights(found, input)) return { dest }
    const program = input.from === 'controller' ? undefined : await programOf(on, input)
    if (program === undefined) {
      const { size, stream } = await openUrl({
        ...boundsOf(input),
        url: input.url,
        ca: input.ca,
        signal: on.signal,
      })
      const onProgress = (done: number, total: number) => on.progress(done, total, 'bytes')
      await storeFile(on, kept, { source: { stream, size }, put: { sha256, onProgress }, ...rights })
      return { dest }
    }
    const part = partOf(dest)
    const secure = input.url.startsWith('https:')
    const fetching = fetchThere({ program, sha256, part, secure, ca: input.ca, ...boundsOf(input) })
    await runJob(on, 'download', fetching, { stdin: requestOf(input) })
    const proved = sh`[ "$(sha256sum <"$t")" = ${`${sha256}  -`} ]`
    const made = sh`mv -- ${`${part}/${sha256}`} "$t" && rm -rf -- ${part} && ${proved}`
    await storeFile(on, kept, { source: { made }, ...rights })
    return { dest }
  },
  async undo(on, { dest }, kept) {
    await on.must(sh`rm -rf -- ${partOf(dest)}`)
    await bringFileBack(on, kept)
  },
})

const boundsOf = ({ maxBytes = usual.maxBytes, redirects, headers }: DownloadInput) => ({
  maxBytes,
  redirects: redirects ?? (headers === undefined ? usual.redirects : 0),
})

function mustBeSane({ url, dest, sha256, mode, headers = {}, from, redirects = 0 }: DownloadInput): void {
  absolute(dest)
  if (mode !== undefined) modeText(mode)
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw new TaskError(`download of ${dest} needs the SHA-256 of the file, 64 hexadecimal digits`)
  const is = /^https?:\/\/[^\s\\"]+$/.test(url) && URL.canParse(url) ? new URL(url) : undefined
  if (is === undefined || is.username !== '' || is.password !== '')
    throw new TaskError(
      `download of ${dest}: the address must be http or https, and hold no user or password: say \`headers\``,
    )
  const names = Object.keys(headers)
  if (names.some((name) => !/^[A-Za-z0-9-]+$/.test(name)))
    throw new TaskError(`download of ${dest}: a header has no such name`)
  if (names.length > 0 && (from === 'controller' || redirects > 0))
    throw new TaskError(`download of ${dest}: \`headers\` are sent by the host alone, and follow no redirect`)
}

/** What the machine fetches with; nothing where the controller has to. */
async function programOf(on: On, { headers }: DownloadInput): Promise<'curl' | 'wget' | undefined> {
  const { stdout } = await ask(
    on,
    sh.read`if command -v curl >/dev/null; then echo curl; elif wget --version 2>/dev/null | grep -q 'GNU Wget'; then echo wget; fi`,
  )
  const is = stdout.trim()
  if (is === 'curl' || is === 'wget') return is
  if (headers !== undefined)
    throw new TaskError(`${on.name} has neither curl nor GNU wget, which \`headers\` need: install one`)
  on.say('neither curl nor GNU wget is there: the controller fetches it')
  return undefined
}

/** The address and the headers, a line each. */
const requestOf = ({ url, headers = {} }: DownloadInput): Text => [
  `${url}\n`,
  ...Object.entries(headers).flatMap(([name, value]) => [
    `${name}: `,
    ...(typeof value === 'string' ? [value] : value),
    '\n',
  ]),
]
