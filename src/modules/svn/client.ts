import { createHash } from 'node:crypto'
import type { On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import type { Secret } from '../../model/secret.ts'
import { ask, linesOf } from '../target.ts'

/** What may be wrong with a server's certificate; the words are those of `svn --trust-server-cert-failures`. */
export type CertificateFailure = 'unknown-ca' | 'cn-mismatch' | 'expired' | 'not-yet-valid' | 'other'

/** A Subversion repository (or a path in one) and who may read or write it. */
export type Repository = {
  /** `svn://`, `http://`, `https://` or `file://`, without a user in it. */
  readonly url: string
  readonly user: string
  readonly password: Secret
  /** What of the server's certificate is accepted although it is wrong; nothing unless named here. */
  readonly trust?: readonly CertificateFailure[] | undefined
  /** A PEM file on the machine with the authorities that may have signed the server's certificate. */
  readonly caFile?: string | undefined
  /** The authentication realm as the server says it (`<svn://host:3690> name`): only a client older than 1.10 needs it. */
  readonly realm?: string | undefined
  /** Deadline of each question in seconds; default 120. */
  readonly timeout?: number | undefined
}

/** The address of a path below the repository's, as a client takes it: encoded, with a peg revision, so that no `@` of a name is one. */
export function addressOf({ url }: Pick<Repository, 'url'>, path = '', revision?: number): string {
  if (!/^(svn|https?|file):\/\/[^\s]/.test(url))
    throw new TaskError(
      `"${url}" is no address of a repository: expected svn://, http://, https:// or file://`,
    )
  if (/^[a-z]+:\/\/[^/]*@/.test(url))
    throw new TaskError('An address of a repository has no user in it: say it as `user`')
  const below = path.split('/').filter((part) => part !== '')
  if (below.includes('..') || below.includes('.')) throw new TaskError(`"${path}" is no path in a repository`)
  const whole = [url.replace(/\/+$/, ''), ...below.map(encodeURIComponent)].join('/')
  return `${whole}@${revision ?? ''}`
}

/** The address of a repository's directory on the machine itself. */
export const localAddress = (path: string): string =>
  `file://${path.replace(/\/+$/, '').split('/').map(encodeURIComponent).join('/')}`

/**
 * A script in which `as PROGRAM SUBCOMMAND ...` is a client that asks nobody, keeps nothing, and has a configuration of its
 * own, which is removed at the end. The password comes by stdin and goes on by stdin. A client older than 1.10 cannot
 * take it so: it finds it in a file of that configuration (mode 0600, in memory where /dev/shm is).
 */
export function script(repository: Repository, body: Command, seconds = 24 * 3600): Command {
  const before = prelude(repository, seconds)
  return body.reads ? sh.read`(${before}${body})` : sh`(${before}${body})`
}

function prelude({ user, trust = [], caFile, realm }: Repository, seconds: number): Command {
  const certificate =
    trust.length === 0 ? sh.read`` : sh.read`${`--trust-server-cert-failures=${trust.join(',')}`}`
  const authorities =
    caFile === undefined
      ? sh.read``
      : sh.read`${['--config-option', `servers:global:ssl-authority-files=${caFile}`]}`
  const file = createHash('md5')
    .update(realm ?? '')
    .digest('hex')
  // `unset` first: a variable of that name that came from outside would be handed on to every child.
  return sh.read`umask 077; unset p c svn_old; IFS= read -r p || :
${utf8}
c=/tmp; if [ -d /dev/shm ] && [ -w /dev/shm ]; then c=/dev/shm; fi
c=$(mktemp -d "$c/upgrade-fleet-svn.XXXXXX") || exit 1
trap 'rm -rf -- "$c"' EXIT; trap 'exit 9' HUP INT TERM PIPE
case $(svn --version -q --config-dir "$c") in
'') echo 'there is no svn: install the Subversion client' >&2; exit 127 ;;
0.*|1.[0-9]|1.[0-9].*) svn_old=1
[ -n ${realm ?? ''} ] || { echo 'this svn is older than 1.10 and takes no password by stdin: install a newer one, or say the realm of the repository' >&2; exit 127; }
mkdir -p -- "$c/auth/svn.simple"
{ printf 'K 8\npasstype\nV 6\nsimple\nK 8\npassword\nV %d\n%s\n' "$(printf %s "$p" | wc -c)" "$p"
printf 'K 15\nsvn:realmstring\nV %d\n%s\n' "$(printf %s ${realm ?? ''} | wc -c)" ${realm ?? ''}
printf 'K 8\nusername\nV %d\n%s\nEND\n' "$(printf %s ${user} | wc -c)" ${user}; } >"$c/auth/svn.simple/"${file} ;;
esac
# A client is ended before the script is: else nothing would remove its configuration.
limit=; if timeout --foreground 5 true 2>/dev/null; then limit="timeout --foreground -k 5 ${seconds}"; fi
as() { program=$1; sub=$2; shift 2; set -- "$sub" --non-interactive --no-auth-cache --config-dir "$c" --config-option servers:global:http-timeout=60 ${authorities} ${certificate} ${`--username=${user}`} "$@"
if [ -n "$svn_old" ]; then $limit "$program" "$@" </dev/null; else sub=$1; shift; printf %s "$p" | $limit "$program" "$sub" --password-from-stdin "$@"; fi; }
`
}

/** Names are told in UTF-8, and messages in English, wherever the machine can. */
export const utf8: Command = sh.read`unset LC_ALL LANGUAGE; LC_MESSAGES=C; LC_CTYPE=$(locale -a 2>/dev/null | grep -iE '^(C|en_US)\.utf-?8$' | head -n 1)
[ -n "$LC_CTYPE" ] || LC_CTYPE=C; export LC_CTYPE LC_MESSAGES`

/** Runs a script of a repository's client, and wants exit 0. `what` could not be done otherwise. */
export async function told(on: On, repository: Repository, what: string, body: Command): Promise<string> {
  const seconds = repository.timeout ?? 120
  const { code, stdout, stderr, truncated } = await ask(on, script(repository, body, seconds), {
    stdin: [repository.password],
    timeout: seconds + 15,
  })
  if (code === 124 || code === 137)
    throw new TaskError(`${what} from ${on.name}: no answer in ${seconds} seconds`)
  if (code !== 0) throw new TaskError(`${what} from ${on.name}`, linesOf(stderr).slice(-5))
  if (truncated) throw new TaskError(`${what} from ${on.name}: the answer is too long`)
  return stdout
}
