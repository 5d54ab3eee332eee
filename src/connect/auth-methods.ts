import type { AuthHandlerMiddleware, Prompt } from 'ssh2'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { sanitize } from '../model/sanitize.ts'
import type { Secret } from '../model/secret.ts'
import type { ConnectContext } from './context.ts'
import type { Credential } from './credential.ts'
import { isPasswordPrompt } from './password-prompt.ts'
import type { Refusals, Trial, Verdict } from './refusals.ts'

/** What may be tried to log in, each once. */
export type Method = 'publickey' | 'password' | 'keyboard-interactive'

/** What is there to log in with, and how far it has come. */
export interface Standing {
  readonly key: boolean
  readonly password: boolean
  /** Whether the server is asked what it offers before anything is. */
  readonly asksFirst: boolean
  /** What was tried, with what came of it. */
  readonly tried: ReadonlyMap<Method, 'accepted' | 'refused'>
  /** The methods that the server offers now; undefined when it was not asked yet. */
  readonly offered: readonly string[] | undefined
  /** Whether the password was refused by any method. */
  readonly passwordRefused: boolean
}

/**
 * What to try next: the key, then the password; by keyboard-interactive first, as OpenSSH does, since there a server can
 * ask for a code too. After a part that was accepted, keyboard-interactive also without a password: it may be the code
 * alone. `none` asks what is offered, without offering anything; undefined is the end.
 */
export function nextMethod(at: Standing): Method | 'none' | undefined {
  if (at.offered === undefined) return at.key && !at.asksFirst ? 'publickey' : 'none'
  const may = (method: Method) => at.offered?.includes(method) === true && !at.tried.has(method)
  if (at.key && may('publickey')) return 'publickey'
  const password = at.password && !at.passwordRefused
  const partly = [...at.tried.values()].includes('accepted')
  if ((password || partly) && may('keyboard-interactive')) return 'keyboard-interactive'
  if (password && may('password')) return 'password'
  return undefined
}

/** What a login is made with. */
export interface LoginParts {
  readonly endpoint: Endpoint
  readonly username: string
  readonly key: Credential | undefined
  readonly password: { readonly secret: Secret; readonly value: string } | undefined
  readonly refusals: Refusals
  readonly ask: ConnectContext['ask']
  /** Called when somebody here is waited for, not the server; what it gives is called after that. */
  pause(): () => void
  /** Hangs up. */
  hangUp(): void
}

/** One login over ssh2. */
export interface LoginRun {
  readonly handler: AuthHandlerMiddleware
  /** For ssh2's `debug`: of an agent's key that was refused, nothing else tells what the server offers. */
  readonly debug: (line: string) => void
  /** Whether the server let it begin. */
  begun(): boolean
  /** Tells what the server says to whoever logs in. */
  said(text: string): void
  /** What it said last, for people; '' if nothing. */
  heard(): string
  /** Tells that the agent did not sign, and why. */
  agentFailed(why: string): void
  /** Tells that the server wants another password. */
  mustChange(prompt: string): void
  /** Tells that it is over: logged in, or the connection ended, with the server's last word if it had one. */
  over(how: 'in' | { readonly serverSaid: string | undefined }): void
  /** Why it was refused; undefined when it was not refused. */
  refused(): ConnectionError | undefined
  /** Whether trying the same again would be refused again. */
  final(): boolean
}

/** Prepares a login. Nothing of it is said before the host key was accepted: ssh2 logs in after the handshake. */
export function loginRun(parts: LoginParts): LoginRun {
  const { endpoint, username, key, password, refusals, pause } = parts
  const { name, address, port } = endpoint
  const tried = new Map<Method, 'accepted' | 'refused'>()
  let offered: readonly string[] | undefined
  let heard: readonly string[] | undefined
  let current: Method | 'none' | undefined
  let trial: Trial | undefined
  let passwordRefused = false
  let isBarred = false
  let ended = false
  const gone = new AbortController()
  let begun = false
  let isRefused = false
  // Why this side ended it, and what else is to be told.
  let gaveUp: string | undefined
  let signed = true
  const notes: string[] = []
  let banner = ''

  const settle = (verdict: Verdict) => {
    trial?.end(verdict)
    if (trial !== undefined && verdict === 'refused') passwordRefused = true
    trial = undefined
    if (current !== undefined && current !== 'none' && (verdict === 'accepted' || verdict === 'refused'))
      tried.set(current, verdict)
    current = undefined
  }
  const turn = async (value: string): Promise<boolean> => {
    const goOn = pause()
    const got = await refusals.turn(value, username, `${address}:${port}`, name)
    goOn()
    if ('end' in got) {
      if (ended) got.end('unknown')
      else trial = got
      return !ended
    }
    gaveUp = `${saidOf(password?.secret)} is not tried: ${got.barred}`
    passwordRefused = true
    isBarred = true
    return false
  }
  const answer = async (
    given: { readonly title: string; readonly instructions: string; readonly prompts: readonly Prompt[] },
    finish: (answers: string[]) => void,
  ) => {
    const [first, ...more] = given.prompts
    const isPassword =
      more.length === 0 && first?.echo !== true && isPasswordPrompt(first?.prompt ?? '', username)
    if (password !== undefined && isPassword && trial === undefined && !passwordRefused) {
      if (await turn(password.value)) finish([password.value])
      else if (!ended) parts.hangUp()
      return
    }
    const prompts = given.prompts.map(({ prompt, echo }) => ({ text: shown(prompt), hidden: echo !== true }))
    const goOn = pause()
    const said = shown(`${given.title} ${given.instructions}`)
    const ask = prompts.length > mostPrompts ? undefined : parts.ask
    const answers = await ask?.({ host: name, said, prompts, gone: gone.signal }).catch(() => undefined)
    goOn()
    if (ended) return
    if (answers !== undefined) return finish([...answers])
    const asked = prompts
      .slice(0, mostPrompts)
      .map(({ text }) => JSON.stringify(text))
      .join(', ')
    gaveUp = `the server asks ${asked}, and nobody can answer here`
    parts.hangUp()
  }
  return {
    handler: (left: readonly string[] | null, partial, next) => {
      begun = true
      // An agent's key has had its answer in `heard` alone: ssh2 keeps what was before it.
      const now = heard ?? left ?? undefined
      const accepted = partial || (heard !== undefined && offered?.join() !== heard.join())
      if (current !== undefined) settle(accepted && current !== 'none' ? 'accepted' : 'refused')
      offered = now
      heard = undefined
      const method = ended
        ? undefined
        : nextMethod({
            key: key !== undefined,
            password: password !== undefined,
            // ssh2 does not tell what came of an agent's key, but for how the offers change.
            asksFirst: password !== undefined || key?.method.type === 'agent',
            tried,
            offered,
            passwordRefused,
          })
      current = method
      const stop = () => {
        isRefused = !ended
        next(false as never)
      }
      if (method === undefined) return stop()
      if (method === 'none') return next({ type: 'none', username })
      if (method === 'publickey') return key === undefined ? stop() : next(key.method)
      if (method === 'keyboard-interactive')
        return next({
          type: method,
          username,
          prompt: (title, instructions, _language, prompts, finish) =>
            void answer({ title, instructions, prompts }, finish),
        })
      if (password === undefined) return stop()
      void turn(password.value).then((may) => {
        if (may) return next({ type: method, username, password: password.value })
        current = undefined
        if (!ended) stop()
      })
    },
    debug: (line) => {
      const [, methods] = /^Inbound: Received USERAUTH_FAILURE \((.*)\)$/.exec(line) ?? []
      if (methods !== undefined && key?.method.type === 'agent' && current === 'publickey')
        heard = methods.split(',')
    },
    begun: () => begun,
    said: (text) => {
      banner = shown(text)
    },
    heard: () => banner,
    agentFailed: (why) => {
      signed = false
      notes.push(`the agent did not sign: ${shown(why)}`)
    },
    mustChange: (prompt) => {
      gaveUp = `the server wants another password first: ${JSON.stringify(shown(prompt))}`
      parts.hangUp()
    },
    over: (how) => {
      if (ended) return
      ended = true
      gone.abort()
      if (how === 'in') return settle('accepted')
      // A server that says why it hangs up after a try (too many of them) has refused it; one that is gone has not.
      const refused = how.serverSaid !== undefined && current !== undefined && current !== 'none'
      isRefused ||= refused || gaveUp !== undefined
      if (refused && how.serverSaid !== undefined) notes.push(`the server said: ${shown(how.serverSaid)}`)
      if (gaveUp !== undefined) settle('unknown')
      else settle(refused ? 'refused' : 'unanswered')
    },
    final: () => signed,
    refused: () => {
      if (!isRefused) return undefined
      const what = [...tried].map(([method, verdict]) => `${saidMethod(method)} (${verdict})`)
      const facts = [
        what.length === 0 ? 'nothing was offered' : `tried: ${what.join(', ')}`,
        ...(gaveUp === undefined ? [] : [gaveUp]),
        ...notes,
        ...(offered === undefined ? [] : [`the server still offers: ${offered.join(', ') || 'nothing'}`]),
      ]
      const lines = [
        `${name}: ${username}@${address} was refused; ${facts.join('; ')}`,
        ...(tried.get('publickey') === 'refused' && key?.hint !== undefined ? [key.hint] : []),
        ...(wantsMore() ? ['Name its password: ansible_password: { env: NAME }, or type it: -k'] : []),
        ...(isBarred ? ['If this host has another one, name it there: ansible_password: { env: NAME }'] : []),
        `Try it by hand: ssh -p ${port} ${username}@${address}`,
      ]
      return new ConnectionError(name, 'auth', lines.join('\n'))
    },
  }

  function wantsMore(): boolean {
    return password === undefined && (offered ?? []).some((method) => /^(password|keyboard-)/.test(method))
  }
  function saidMethod(method: Method): string {
    if (method === 'publickey') return key?.said ?? 'the key'
    return method === 'password' ? saidOf(password?.secret) : 'keyboard-interactive'
  }
}

/** What a password is called in messages. */
export const saidOf = (secret: Secret | undefined): string =>
  secret === undefined ? 'a password' : `the password ${secret.name.replace(/^(inventory|typed):/, '')}`

const mostPrompts = 8
const shown = (text: string): string => sanitize(text).replace(/\s+/g, ' ').trim().slice(0, 200)
