import { createHmac } from 'node:crypto'
import { sh } from '../../model/command.ts'
import { type Hook, urlProblems, type Webhook } from '../../model/hook.ts'
import type { Io } from '../../model/io.ts'
import type { Text } from '../../model/secret.ts'
import { fromHere, send } from '../../modules/http/exchange.ts'
import { runHere } from '../../modules/local/here.ts'

/** What a hook is told with. */
export interface Firing {
  readonly env: Io['env']
  readonly cwd: string
  /** A text with its secrets' values. */
  reveal(text: Text): string
  readonly redact: (text: string) => string
}

/** Tells one hook. Gives why it failed, secrets hidden, or undefined. Never throws, and takes no longer than `timeout` seconds. */
export async function fire(
  hook: Hook,
  body: string,
  timeout: number,
  signal: AbortSignal,
  firing: Firing,
): Promise<string | undefined> {
  try {
    const why =
      hook.webhook === undefined
        ? await runCommand(hook.command ?? [], body, timeout, signal, firing)
        : await post(hook.webhook, body, timeout, signal, firing)
    return why === undefined ? undefined : firing.redact(why)
  } catch (error) {
    return firing.redact(error instanceof Error ? error.message : String(error))
  }
}

/** What a program needs of the environment; nothing else goes to it, since secrets stand there. */
const handedOn = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR)$/

async function runCommand(
  argv: readonly string[],
  body: string,
  timeout: number,
  signal: AbortSignal,
  { env, cwd }: Firing,
): Promise<string | undefined> {
  const words = Object.entries(env).flatMap(([name, value]) =>
    handedOn.test(name) && value !== undefined ? [`${name}=${value}`] : [],
  )
  const plain = { signal, heard: () => () => {}, reveal: (text: Text) => String(text) }
  const result = await runHere(plain, sh`exec env -i ${words} ${argv}`, { stdin: body, cwd, timeout, signal })
  if (result.kind === 'exit' && result.code === 0) return undefined
  const last = result.stderr.trim().split('\n').at(-1) ?? ''
  const said = last === '' ? '' : `: ${last.slice(0, 200)}`
  if (result.kind === 'exit') return `${argv[0]} exited ${result.code}${said}`
  if (result.kind === 'timeout') return `${argv[0]} did not end within ${timeout} seconds, and was ended`
  if (result.kind === 'cancelled') return 'the run was interrupted'
  return `${argv[0]} did not run to its end${said}`
}

async function post(
  webhook: Webhook,
  body: string,
  timeout: number,
  signal: AbortSignal,
  { reveal }: Firing,
): Promise<string | undefined> {
  const text = reveal(webhook.url)
  const [problem] = urlProblems(webhook, text)
  if (problem !== undefined) return problem
  const url = new URL(text)
  const { ca, fingerprint, hmac, headers = {} } = webhook
  const sending = {
    url,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'upgrade-fleet',
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, reveal(value)])),
      ...(hmac !== undefined && {
        'x-upgrade-fleet-signature': `sha256=${createHmac('sha256', reveal([hmac]))
          .update(body)
          .digest('hex')}`,
      }),
    },
    body,
    timeout,
    limit: 64 * 1024,
    trust: { ...(ca !== undefined && { ca }), ...(fingerprint !== undefined && { fingerprint }) },
    cut: true,
    signal,
  }
  try {
    const { status } = await send({ name: 'this machine' }, fromHere, sending)
    return status >= 200 && status < 300 ? undefined : `POST to ${url.host} was answered ${status}`
  } catch (error) {
    if (signal.aborted) return 'the run was interrupted'
    // The path of a webhook is often its secret: of the address only the host is told.
    const why = error instanceof Error ? error.message : String(error)
    return `POST to ${url.host}: ${why.replace(/^POST \S+ from this machine: /, '')}`
  }
}
