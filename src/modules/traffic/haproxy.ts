import type { On } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask } from '../target.ts'

/** HAProxy's runtime API, on the machine that the task is done over: a Unix socket (by `socat` or `nc -U`), or TCP. */
export type HaproxyHook = {
  readonly kind: 'haproxy'
  readonly socket: string | { readonly address: string; readonly port: number }
  /** `backend/server`, each place that the host has in the balancer. */
  readonly servers: readonly string[]
}

/** What HAProxy says of one server. */
export type Stat = {
  readonly server: string
  /** `UP`, `DOWN`, `DRAIN`, `MAINT`, `no check`, ... */
  readonly status: string
  /** Requests that it works on, and those that wait for it. */
  readonly inFlight: number
}

const noTool = 69

/** Says one command and gives the answer. Whether it reads decides which connection may say it. */
async function tell(on: On, { socket }: HaproxyHook, command: string, reads: boolean): Promise<string> {
  if (typeof socket !== 'string') return overTcp(on, socket, command)
  const text = `${command}\n`
  const make = reads ? sh.read : sh
  const { code, stdout, stderr } = await ask(
    on,
    make`if command -v socat >/dev/null; then printf %s ${text} | socat -t 10 - ${`UNIX-CONNECT:${socket}`}
elif command -v nc >/dev/null && nc -h 2>&1 | grep -q -e -U; then printf %s ${text} | nc -U -- ${socket}
else exit ${noTool}; fi`,
    { timeout: 30 },
  )
  if (code === 0) return stdout
  throw new TaskError(
    code === noTool
      ? `${on.name} has neither socat nor nc for ${socket}: install one, or give HAProxy a TCP socket`
      : `HAProxy on ${on.name} does not answer at ${socket}`,
    [stderr.trim()],
  )
}

async function overTcp(
  on: On,
  { address, port }: { readonly address: string; readonly port: number },
  command: string,
): Promise<string> {
  const stream = await on.dial(address, port)
  const over = AbortSignal.any([on.signal, AbortSignal.timeout(30_000)])
  const stop = () => stream.destroy(new Error('no answer in 30 seconds'))
  over.addEventListener('abort', stop, { once: true })
  try {
    stream.write(`${command}\n`)
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString('utf8')
  } catch (error) {
    throw new TaskError(
      `HAProxy on ${on.name} does not answer at ${address}:${port}: ${error instanceof Error ? error.message : String(error)}`,
    )
  } finally {
    over.removeEventListener('abort', stop)
    stream.destroy()
  }
}

/** What HAProxy says of the servers. Throws {@link TaskError} where it does not have one. */
export async function stats(on: On, hook: HaproxyHook): Promise<readonly Stat[]> {
  for (const server of hook.servers)
    if (!/^[\w.:-]+\/[\w.:-]+$/.test(server))
      throw new TypeError(`"${server}" is no server of HAProxy: backend/server`)
  if (hook.servers.length === 0) throw new TypeError('A hook of HAProxy names at least one server.')
  const all = statsIn(await tell(on, hook, 'show stat', true))
  return hook.servers.map((server) => {
    const found = all.find((one) => one.server === server)
    if (found === undefined)
      throw new TaskError(
        `HAProxy on ${on.name} has no server ${server}`,
        all.map((one) => one.server).slice(0, 20),
      )
    return found
  })
}

/** The servers of what `show stat` prints: CSV whose first line names the columns. */
export function statsIn(text: string): readonly Stat[] {
  const [head = '', ...rows] = text.split('\n')
  const columns = head.replace(/^# /, '').split(',')
  return rows.flatMap((row) => {
    // A check's last answer may have commas in quotes; what is wanted stands before it.
    const cells = row.split(',')
    const of = (name: string) => cells[columns.indexOf(name)] ?? ''
    const server = of('svname')
    if (server === '' || server === 'FRONTEND' || server === 'BACKEND') return []
    return [
      {
        server: `${of('pxname')}/${server}`,
        status: of('status'),
        inFlight: Number(of('scur')) + Number(of('qcur')),
      },
    ]
  })
}

/** Whether new requests are kept away from it. */
export const isOut = ({ status }: Stat): boolean => /^(DRAIN|MAINT)/.test(status)

/** Puts all servers into a state. HAProxy's answer to what it did is empty. */
export async function setState(on: On, hook: HaproxyHook, state: 'drain' | 'ready'): Promise<void> {
  for (const server of hook.servers) {
    const said = (await tell(on, hook, `set server ${server} state ${state}`, false)).trim()
    if (said !== '') throw new TaskError(`HAProxy on ${on.name} did not set ${server} to ${state}`, [said])
  }
}
