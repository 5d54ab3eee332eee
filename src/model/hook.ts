import type { Text } from './secret.ts'

/** When a hook is told: the run (or its resumption, or its rollback) begins, a wave begins, a host fails for the first time, users are let in, the run ends. */
export type HookMoment = 'start' | 'wave' | 'failure' | 'cutover' | 'end'

const moments: readonly string[] = [
  'start',
  'wave',
  'failure',
  'cutover',
  'end',
] satisfies readonly HookMoment[]

/** Whoever is told what a run comes to, by a program of the controller or a web address. It is told, and decides nothing. */
export type Hook = {
  readonly name: string
  readonly on: readonly HookMoment[]
  /** Seconds that it may take; default 10. */
  readonly timeout?: number
} & (
  | {
      /** A program of the controller with its arguments; what happened is its standard input, as one line of JSON. */
      readonly command: readonly string[]
    }
  | {
      /** Where what happened is sent to, by POST, as JSON; any answer of 200 to 299 is good, and none leads elsewhere. */
      readonly webhook: string
      /** Secrets may be parts of a value, over https alone. */
      readonly headers?: Readonly<Record<string, Text>>
    }
)

/** What a hook is told. */
export type HookMessage = {
  readonly moment: HookMoment
  /** One line for a person. */
  readonly text: string
  readonly run: string
  readonly kind: 'run' | 'resume' | 'rollback'
  readonly playbook: string
  /** ISO 8601. */
  readonly at: string
  readonly play?: string
  readonly wave?: number
  readonly of?: number
  readonly hosts?: readonly string[]
  readonly task?: string
  readonly message?: string
  readonly outcome?: string
  readonly seconds?: number
}

/** What is wrong with a playbook's hooks, a line each. */
export function hookProblems(hooks: readonly Hook[]): readonly string[] {
  const names = hooks.map(({ name }) => name)
  return hooks.flatMap((hook, at) => {
    const { name, on, timeout = 10 } = hook
    const wrong = [
      ...(names.indexOf(name) === at ? [] : ['another hook has that name']),
      ...(on.length > 0 && on.every((moment) => moments.includes(moment))
        ? []
        : [`on: expected some of ${moments.join(', ')}, got ${on.join(', ') || 'none'}`]),
      ...(timeout > 0 ? [] : [`timeout: expected seconds, got ${timeout}`]),
      ...('command' in hook ? commandProblems(hook.command) : webhookProblems(hook)),
    ]
    return wrong.map((problem) => `hook "${name}": ${problem}`)
  })
}

const commandProblems = ([program = '']: readonly string[]): readonly string[] =>
  program === '' ? ['command: expected a program and its arguments, got none'] : []

function webhookProblems(hook: Extract<Hook, { webhook: string }>): readonly string[] {
  const url = URL.canParse(hook.webhook) ? new URL(hook.webhook) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) return ['webhook: expected an http or https URL']
  if (url.username !== '' || url.password !== '')
    return ['webhook: expected a URL without a password; say it in headers, as a secret']
  const hasSecret = Object.values(hook.headers ?? {}).some((value) => typeof value !== 'string')
  return hasSecret && url.protocol === 'http:' ? ['headers: a secret is sent over https alone'] : []
}
