import { quote } from '../model/command.ts'
import type { Become } from '../model/connection.ts'
import { answer, ask, nonce } from './frame.ts'

/** How a program that becomes another user has to be called on one machine, as far as it was found out. */
export interface Manner {
  /** It asks for a password. */
  readonly asks: boolean
  /** sudo refuses whoever has no terminal (`requiretty`). */
  readonly tty: boolean
}

/** A shell of another user that is about to be started, and the marks by which its start is followed. */
export interface Layer {
  readonly become: Become
  readonly manner: Manner
  /** Said on stderr when the other user is there. */
  readonly hello: string
  /** The line that makes it a shell; whatever comes before is thrown away, a password that nobody asked for too. */
  readonly go: string
  /** What is asked for the password with, or said right before su may ask. */
  readonly prompt: string
  /** Said on stderr when a shell that only tests the fence could not be started, or was killed. */
  readonly gone: string
}

/** A layer with marks of its own. */
export const layerOf = (become: Become, manner: Manner): Layer => ({
  become,
  manner,
  hello: nonce(),
  go: nonce(),
  prompt: nonce(),
  gone: nonce(),
})

/**
 * Makes a shell the leader of a session, so that it can be ended as a whole. For the leader of a group (sudo's, with a
 * terminal) `setsid` would fork and not wait, or with `-w` swallow a signal.
 */
const ownSession = `IFS= read -r s </proc/$$/stat; set -- \${s##*) }; case $$ in $4) exec /bin/sh;; $3) exec 3<&0; setsid /bin/sh <&3 3<&- & exec 3<&-; wait %1; exit $?;; *) exec setsid /bin/sh;; esac`

/** Whoever reads frames in the end, and through whom they come: a layer, or the user who logged in. */
export type Seat = Layer | 'login'

/**
 * The command line of a channel, for any login shell. With `over`, a first shell, of who logged in, hands frames on to the
 * last when the fence holds. That is tested by itself where the lock is its own, else by a third shell beside, of `over`,
 * which is asked over two pipes: what the last one runs never goes through the hands of `over`, who may be allowed less.
 * `end` and a status are said on stderr when the last shell is gone, since the channel lives on until the first ends too.
 */
export function channelCommand(seat: Seat, over: Seat | undefined, end: string): string {
  if (over === undefined) return seat === 'login' ? 'exec /bin/sh' : script(`exec ${call(seat, true)}`)
  const last = seat === 'login' ? `/bin/sh -c ${quote(ownSession)}` : call(seat, false)
  const tell = `printf "%s%s\\n" ${end} $? >&2`
  if (over === 'login') return script(`/bin/sh | { ${last}; ${tell}; }`)
  const beside = [
    'd=$(mktemp -d) && mkfifo -m 600 "$d/q" "$d/a" || exit 1',
    `{ ${call(over, false)} || printf "%s\\n" ${over.gone} >&2; } <"$d/q" >"$d/a" & exec ${ask}>"$d/q" ${answer}<"$d/a"; rm -rf "$d"`,
  ]
  return script(`${beside.join('; ')}; /bin/sh | { exec ${ask}>&- ${answer}<&-; ${last}; ${tell}; }`)
}

// csh would take a `!` for history even between single quotes, so there is none in what is built here.
const script = (text: string): string =>
  `exec /bin/sh -c ${quote(`LC_ALL=C; SHELL=/bin/sh; export LC_ALL SHELL; ${text}`)}`

function call({ become, manner, hello, go, prompt }: Layer, isLast: boolean): string {
  const { method, user } = become
  const names = `USER=${quote(user)}; LOGNAME=$USER; export USER LOGNAME`
  const prelude = [
    // In two parts: sudo's refusals show the command, which must not look like its own success.
    `printf %s%s ${hello.slice(0, 18)} ${hello.slice(18)} >&2`,
    `while IFS= read -r l; do [ "$l" = ${go} ] && break; done`,
    `[ "$l" = ${go} ] || exit 1`,
    'unset LC_ALL l',
    ...(method === 'su' ? [names] : []),
    'cd 2>/dev/null || cd /',
    ownSession,
  ].join('; ')
  const shell = `/bin/sh -c ${quote(prelude)}`
  switch (method) {
    case 'sudo': {
      const how = manner.asks ? `-k -S -p ${prompt}` : '-n'
      const line = `sudo ${how} -H -u ${quote(user)} -- ${shell}`
      if (!manner.tty) return line
      // Behind a terminal of its own, of which it uses nothing: its streams are the channel's.
      const streams = '4<&0 5>&1 6>&2 </dev/null >/dev/null'
      return `script -qec ${quote(`${line} <&4 >&5 2>&6 4<&- 5>&- 6>&-`)} /dev/null ${streams}`
    }
    case 'doas':
      return `doas -n -u ${quote(user)} ${shell}`
    case 'su': {
      const line = `su -s /bin/sh ${quote(user)} -c ${quote(prelude)}`
      return isLast
        ? `sh -c ${quote(`printf %s ${prompt} >&2; exec ${line}`)}`
        : `{ printf %s ${prompt} >&2; ${line}; }`
    }
    default:
      return method satisfies never
  }
}
