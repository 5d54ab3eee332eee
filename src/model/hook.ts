import { isSecret, type Secret, type Text } from './secret.ts'

/**
 * When a hook is told. `start`: a run, resume or rollback begins. `wave`: a wave begins. `failure`: something failed that nothing
 * forgives or rescues, once for a wave. `cutover`: users are served from here on. `end`: it ended, however.
 */
export type HookMoment = 'start' | 'wave' | 'failure' | 'cutover' | 'end'

/** Where an event is posted to, as JSON. */
export interface Webhook {
  /** `https:`, or `http:` without any secret. A URL that is one itself is a list with a secret in it. */
  readonly url: Text
  readonly headers?: Readonly<Record<string, Text>>
  /** Signs the body: `X-Upgrade-Fleet-Signature: sha256=` and the HMAC-SHA256 in hexadecimal. */
  readonly hmac?: Secret
  /** File of the controller with the authorities (PEM) that may have signed the server's certificate. */
  readonly ca?: string
  /** SHA-256 of the server's certificate: that very one. */
  readonly fingerprint?: string
}

/** Somebody who is told what happens: by a program of the controller that gets the event as JSON on its standard input, or by a webhook. */
export interface Hook {
  readonly name: string
  readonly on: HookMoment | readonly HookMoment[]
  /** Program and arguments; no shell reads them. Of the environment it gets PATH, HOME and the like alone. */
  readonly command?: readonly string[]
  readonly webhook?: Webhook
  /** Deadline in seconds; default 10. */
  readonly timeout?: number
  /** Nothing begins (`start`), or users are not let in (`cutover`), where it fails. In a rollback it is as any other. */
  readonly required?: boolean
}

/** The moments of a hook. */
export const momentsOf = ({ on }: Pick<Hook, 'on'>): readonly HookMoment[] => [on].flat()

const moments: readonly string[] = ['start', 'wave', 'failure', 'cutover', 'end'] satisfies HookMoment[]

/** What is wrong with hooks, a line each. */
export function hookProblems(hooks: readonly Hook[]): readonly string[] {
  return hooks.flatMap((hook, at) => {
    const { name, command, webhook, timeout = 1, required = false } = hook
    const on = momentsOf(hook)
    const problems = [
      ...(name === '' ? ['expected a name, got none'] : []),
      ...(hooks.findIndex((other) => other.name === name) < at ? ['another hook has this name'] : []),
      ...(on.length === 0 ? ['expected `on` to name a moment, got none'] : []),
      ...on
        .filter((each) => !moments.includes(each))
        .map((each) => `expected \`on\` among ${moments.join(', ')}, got ${each}`),
      ...((command === undefined) === (webhook === undefined)
        ? [`expected one of \`command\` and \`webhook\`, got ${command === undefined ? 'neither' : 'both'}`]
        : []),
      ...(command !== undefined && !/^[^-=][^=]*$/.test(command[0] ?? '')
        ? [`expected \`command\` to begin with the name of a program, got "${command[0] ?? ''}"`]
        : []),
      ...(timeout > 0 && Number.isFinite(timeout)
        ? []
        : [`expected a \`timeout\` above 0 seconds, got ${timeout}`]),
      ...(required && on.some((each) => each !== 'start' && each !== 'cutover')
        ? ['only what is told at `start` or `cutover` alone can be `required`']
        : []),
      ...(typeof webhook?.url === 'string' ? urlProblems(webhook, webhook.url) : []),
    ]
    return problems.map((problem) => `hook "${name}": ${problem}`)
  })
}

/** What is wrong with a webhook's URL, which is never shown: it may be a secret. */
export function urlProblems({ url: given, headers = {} }: Webhook, text: string): readonly string[] {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    return ['expected an http: or https: URL']
  if (url.username !== '' || url.password !== '')
    return ['a URL has no user and password: put a secret into `headers`']
  const secret = [given, ...Object.values(headers)].some(
    (each) => typeof each !== 'string' && each.some(isSecret),
  )
  return secret && url.protocol === 'http:' ? ['a secret does not go over http: use https'] : []
}
