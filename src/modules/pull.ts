import { quote, sh } from '../model/command.ts'
import type { Connection, Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'

/** How one host is called by another: what the other's own ssh makes of it is its own affair. */
export type Address = Pick<Endpoint, 'name' | 'address' | 'port' | 'user'>

/** A pull that brought the file, or why it did not; `wrong`: what came was something else. */
export type Pulled =
  | { readonly done: true }
  | { readonly done: false; readonly why: string; readonly wrong: boolean }

const wrongBytes = 13
const noRoom = 11

/**
 * Has a machine fetch a file from another host into its cache, where the next `put` with that SHA-256 finds it: over its own ssh client,
 * with its own key and known hosts. It asks nobody, forwards nothing, and takes no host key that it does not know; bytes with
 * another digest, or more of them than it has, are thrown away. What would take half of the room that is free is not fetched. A machine that has the file already asks nobody. Throws {@link ConnectionError} when the machine itself is lost.
 */
export async function pull(
  machine: Pick<Connection, 'endpoint' | 'exec' | 'workdir'>,
  from: Address,
  path: string,
  { sha256, size }: { readonly sha256: string; readonly size: number },
  options: { readonly signal?: AbortSignal; readonly timeout?: number } = {},
): Promise<Pulled> {
  const { name } = machine.endpoint
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new TypeError(`"${sha256}" is no SHA-256.`)
  const whom = from.user === undefined ? from.address : `${from.user}@${from.address}`
  const cache = `${await machine.workdir()}/cache/sha256`
  const settings = [
    // What an older one does not know it does not do either.
    'IgnoreUnknown=UpdateHostKeys,GSSAPIDelegateCredentials',
    ...['BatchMode=yes', 'StrictHostKeyChecking=yes', 'ForwardAgent=no', 'ForwardX11=no'],
    ...['ClearAllForwardings=yes', 'ControlPath=none', 'ConnectTimeout=15', 'ConnectionAttempts=1'],
    ...['ServerAliveInterval=15', 'ServerAliveCountMax=4', 'PermitLocalCommand=no'],
    ...['UpdateHostKeys=no', 'GSSAPIDelegateCredentials=no'],
  ].flatMap((one) => ['-o', one])
  const result = await machine.exec(
    sh`umask 077; c=${cache}; s=${size}; mkdir -p -- "$c" || exit 1
[ ! -f "$c/"${sha256} ] || exit 0
set -- $(stat -f -c '%a %S %b' -- "$c")
if [ $# = 3 ] && [ "$3" != 0 ] && [ $(($1 * $2 / 2)) -le "$s" ]; then printf '%s\n' $(($1 * $2)); exit ${noRoom}; fi
t=$(mktemp -- "$c/pull.XXXXXXXXXX") || exit 1
trap 'rm -f -- "$t"' EXIT; trap 'exit 9' HUP INT TERM
bad=$( { { ssh -T -x -a ${settings} -p ${from.port} -- ${whom} ${`cat -- ${quote(path)}`} </dev/null 3>&- || printf bad >&3
} | head -c $((s + 1)) >"$t"; } 3>&1 ) || exit 1
[ "$(stat -c %s -- "$t")" -le "$s" ] || { printf 'it has more than %s bytes\n' "$s"; exit ${wrongBytes}; }
[ -z "$bad" ] || exit 1
g=$(sha256sum <"$t"); g=$(printf %.64s "$g")
[ "$g" = ${sha256} ] || { printf 'its SHA-256 is %s\n' "$g"; exit ${wrongBytes}; }
mv -fT -- "$t" "$c/"${sha256}`,
    { timeout: options.timeout ?? 3600, ...(options.signal && { signal: options.signal }) },
  )
  if (result.kind === 'exit' && result.code === 0) return { done: true }
  if (result.kind === 'lost') throw new ConnectionError(name, 'lost', `${name}: ${result.reason}`)
  if (result.kind === 'refused') throw new ConnectionError(name, 'refused', `${name}: ${result.reason}`)
  const said = (result.stderr.trim().split('\n').at(-1) || result.stdout.trim()).slice(0, 300)
  if (result.kind === 'exit' && result.code === noRoom)
    return {
      done: false,
      why: `no room to fetch it: it has ${size} bytes, and ${result.stdout.trim()} are free, of which it takes no half`,
      wrong: false,
    }
  if (result.kind === 'exit' && result.code === wrongBytes)
    return { done: false, why: `${from.name} delivered other bytes: ${result.stdout.trim()}`, wrong: true }
  return {
    done: false,
    why: `${from.name} could not be asked: ${said === '' ? result.kind : said}`,
    wrong: false,
  }
}
