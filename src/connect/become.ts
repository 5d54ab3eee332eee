import type { Become } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { reveal, type Secret, type SecretStore } from '../model/secret.ts'
import { channelCommand, type Layer, layerOf, type Manner } from './become-command.ts'
import { nonce } from './frame.ts'
import { type Introduced, introduce } from './introduce.ts'
import type { Refusals, Verdict } from './refusals.ts'
import { openShell, type Shell } from './shell.ts'
import type { OpenShell } from './shells.ts'

/** What becoming other users on one machine needs of the world, and what was found out about it there. */
export interface Becoming {
  readonly host: string
  readonly secrets: SecretStore
  readonly refusals: Refusals
  /** By method and user. */
  readonly manners: Map<string, Manner>
}

const patience = 30

/**
 * Opens shells of a user over a link that another logged in to; undefined is who logged in. With `over`, a shell of that
 * one tests the fence: the user whose directory has the lock. Throws {@link ConnectionError}
 * `become`.
 */
export function becomeShell(
  becoming: Becoming,
  become: Become | undefined,
  over?: { readonly become: Become | undefined },
): OpenShell {
  let first: Promise<unknown> | undefined
  const open = async (link: Parameters<OpenShell>[0]): Promise<Shell> => {
    for (;;) {
      const { host, refusals } = becoming
      const seat = become === undefined ? 'login' : layerOf(become, mannerOf(becoming, become))
      const before =
        over && (over.become === undefined ? 'login' : layerOf(over.become, mannerOf(becoming, over.become)))
      const layers = [before, seat].filter((one): one is Layer => typeof one === 'object')
      const end = nonce()
      const attempt = async (): Promise<Shell | Exclude<Introduced, { kind: 'there' }>> => {
        let came: Introduced | undefined
        try {
          return await openShell(link, {
            command: channelCommand(seat, before, end),
            ...(before !== undefined && { end }),
            ...(typeof before === 'object' && { beside: true }),
            begin: async (channel) => {
              const passwordOf = ({ become: { password }, manner }: Layer) =>
                manner.asks && password !== undefined ? reveal([password], becoming.secrets) : undefined
              const behind = before === undefined || seat === 'login' ? undefined : seat
              came = await introduce(
                channel,
                link.gone,
                layers,
                end,
                behind,
                before !== undefined,
                passwordOf,
                link.patience ?? patience,
              )
              if (came.kind !== 'there') throw new Error(came.kind)
            },
          })
        } catch (error) {
          if (came === undefined || came.kind === 'there') throw error
          return came
        }
      }
      const asked = layers.flatMap(({ manner, become }) => (manner.asks ? (become.password ?? []) : []))
      const came = await inTurn(refusals, host, asked, attempt)
      if ('barred' in came) throw barred(host, come(layers), came.barred)
      if (!('kind' in came.came)) return came.came
      const now = came.came
      if (now.kind === 'lost') throw new ConnectionError(host, 'lost', `${host}: ${now.reason}`)
      const manner = now.by.manner
      const again =
        now.kind === 'asks' && !manner.asks && now.by.become.password !== undefined
          ? { ...manner, asks: true }
          : now.kind === 'tty' && !manner.tty
            ? { ...manner, tty: true }
            : undefined
      if (again === undefined) throw failure(host, now)
      // The others of the same way need it too, as likely as not, and it does not hurt them.
      for (const { become } of layers)
        if (become.method === now.by.become.method) becoming.manners.set(keyOf(become), again)
    }
  }
  // Nobody knows yet how it has to be done: one finds out, and the others need not try in vain.
  return async (link) => {
    while (first !== undefined) await first.catch(() => undefined)
    const layersKnown = [become, over?.become].every(
      (one) => one === undefined || becoming.manners.has(keyOf(one)),
    )
    if (layersKnown) return open(link)
    const opening = open(link).then((shell) => {
      for (const one of [become, over?.become])
        if (one !== undefined) becoming.manners.set(keyOf(one), mannerOf(becoming, one))
      return shell
    })
    first = opening
    return opening.finally(() => {
      first = undefined
    })
  }
}

const keyOf = ({ method, user }: Become): string => `${method} ${user}`
const mannerOf = ({ manners }: Becoming, become: Become): Manner =>
  manners.get(keyOf(become)) ?? { asks: false, tty: false }
const come = (layers: readonly Layer[]): string => layers.map(({ become }) => become.user).join(' and ')

/** An attempt with each of the passwords in its turn. */
async function inTurn<T>(
  refusals: Refusals,
  host: string,
  passwords: readonly Secret[],
  attempt: () => Promise<T>,
): Promise<{ readonly came: T } | { readonly barred: string }> {
  const names = [...new Set(passwords.map(({ name }) => name))].sort()
  const nest = async (at: number): Promise<{ readonly came: T } | { readonly barred: string }> => {
    const name = names[at]
    if (name === undefined) return { came: await attempt() }
    // Whoever asks for it there, it is one password.
    const turn = await refusals.turn(name, 'become', host, host)
    if ('barred' in turn) return turn
    let came: Verdict = 'unknown'
    try {
      const inner = await nest(at + 1)
      if (!('barred' in inner)) came = verdict(inner.came, passwords, name)
      return inner
    } finally {
      turn.end(came)
    }
  }
  return nest(0)
}

function verdict(came: unknown, passwords: readonly Secret[], name: string): Verdict {
  const ended = came as { kind?: Introduced['kind']; by?: Layer }
  if (ended.kind === undefined) return 'accepted'
  const mine = ended.by?.become.password?.name === name || passwords.length === 1
  return (ended.kind === 'wrong' || ended.kind === 'unsure') && mine ? 'refused' : 'unknown'
}

function barred(host: string, user: string, why: string): ConnectionError {
  return new ConnectionError(
    host,
    'become',
    `${host}: ${user} was not become: the password is not tried: ${why}, and such a one is not tried twice\nGive the right one: --ask-become-pass, or ansible_become_password.`,
  )
}

function failure(host: string, { kind, by, said }: Extract<Introduced, { by: Layer }>): ConnectionError {
  const { method, user, password } = by.become
  const what = `${host}: ${user} was not become by ${method}`
  const told = said === '' ? '' : `: ${said}`
  const because = (why: string, next: string) =>
    new ConnectionError(host, 'become', `${what}: ${why}\n${next}`)
  const rule = `See what rules a plan needs: upgrade-fleet sudoers PLAYBOOK`
  if (kind === 'wrong')
    return because(
      'the password is wrong. It was tried once.',
      'Give the right one: --ask-become-pass, or ansible_become_password.',
    )
  if (kind === 'unsure')
    return because(
      `more than the password is asked for, or nothing is answered${told}`,
      `Try it there by hand: ${method} ${method === 'su' ? '' : '-u '}${user}. What asks for a code or a new password cannot be answered here.`,
    )
  if (kind === 'asks' && method === 'doas')
    return because(
      'doas asks for a password, which it takes from a terminal alone',
      `Permit it without one: permit nopass LOGIN as ${user} cmd /bin/sh`,
    )
  if (kind === 'asks')
    return because(
      password === undefined ? 'a password is needed, and none was given' : 'a password is asked for again',
      `Give one (--ask-become-pass, or ansible_become_password)${method === 'sudo' ? `, or let it be done without.\n${rule}` : '.'}`,
    )
  if (kind === 'tty')
    return because(
      'a terminal is needed (requiretty), and none could be made',
      'Install util-linux (script) there, or: Defaults:LOGIN !requiretty',
    )
  return because(
    `it failed${told}`,
    method === 'sudo' ? rule : `Try it there: ${method} ${method === 'su' ? '' : '-n -u '}${user}`,
  )
}
