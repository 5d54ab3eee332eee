import { sanitize } from '../model/sanitize.ts'

/** What the messages of an `ssh` that did not connect mean. `early`: before anything was said to the server's login. */
export interface SshFault {
  readonly fault: 'host-key' | 'auth' | 'unreachable'
  readonly early: boolean
}

const hostKey =
  /^Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|: no matching host key type found|^Certificate invalid: |^No \S+ host key is known for |host key for .* is revoked|^@.*REVOKED HOST KEY/im
const login =
  /^.+@.+: Permission denied \(|Too many authentication failures|No more authentication methods to try|no mutual signature algorithm/im
const broken = /^(kex_exchange_identification|banner exchange|ssh_exchange_identification): /im
// A way that ended, or an end of all patience, is no server that has too much to do.
const final = /stdio forwarding (request )?failed|timed out/i

/** What LogVerbose puts before a message, as short as it is without. */
const plain = (messages: string): string => messages.replace(/^\S+\.c:(\w+)\(\):\d+ \(pid=\d+\): /gm, '$1: ')

/** Reads the messages of OpenSSH, in the language of the C locale; what is not known is `unreachable`. */
export function faultOf(text: string): SshFault {
  const messages = plain(text)
  if (hostKey.test(messages)) return { fault: 'host-key', early: false }
  if (login.test(messages)) return { fault: 'auth', early: false }
  return { fault: 'unreachable', early: broken.test(messages) && !final.test(messages) }
}

/** What the server said in clear before it spoke SSH, as far as it was told. */
export const wordsIn = (messages: string): string =>
  [...messages.matchAll(/^debug1: .*banner line \d+: (.*)$/gm)].map(([, line]) => line).join('\n')

/** The lines that say why, without ornaments, on one line. */
export function saidOf(messages: string, most = 500): string {
  const lines = plain(messages)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(@|debug\d: )/.test(line))
  return sanitize(lines.slice(-6).join(' / ')).slice(0, most)
}

/** Type and fingerprint of the host key that was shown, as far as it was told; of a certificate, those of its key. */
export function shownIn(messages: string): string | undefined {
  const all = [
    ...messages.matchAll(/^debug1: .*Server host (?:key|certificate): (\S+) (SHA256:[A-Za-z0-9+/]{43})/gm),
  ]
  const [, type, print] = all.at(-1) ?? []
  return type && `${type.replace(/-cert-v\d+@openssh\.com$/, '')} ${print}`
}
