import { capture } from './capture.ts'
import type { Link } from './channel.ts'
import { type Identity, killScript } from './session.ts'
import type { RunEnd, Shell } from './shell.ts'
import type { OpenShell, Order, OrderEnd } from './shells.ts'
import type { Wire } from './wire.ts'

const overslept = 1000
const graceMs = 5000
const endSeconds = 60

/** Runs one order in a shell; when its time is over or it is cancelled, the shell's whole session is ended. */
export function underWatch(
  shell: Shell,
  order: Order,
  end: () => Promise<string | undefined>,
): Promise<OrderEnd | Extract<RunEnd, { kind: 'unrun' }>> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    let begun = false
    let halted: OrderEnd | undefined
    const settle = (result: OrderEnd | Extract<RunEnd, { kind: 'unrun' }>) => {
      clearTimeout(timer)
      order.signal?.removeEventListener('abort', cancel)
      resolve(result)
    }
    const finishOff = (result: OrderEnd) =>
      void within(endSeconds, end()).then((left) => {
        if (left !== undefined) shell.abandon(left)
        settle(left === undefined ? result : { kind: 'lost', reason: left })
      })
    const halt = (result: OrderEnd) => {
      if (halted !== undefined) return
      halted = result
      // What was sent cannot be called back: it is ended at its turn.
      if (begun) finishOff(result)
    }
    const cancel = () => halt({ kind: 'cancelled' })
    order.signal?.addEventListener('abort', cancel, { once: true })
    const ran = shell.run(order, {
      stdout: (chunk) => (halted === undefined ? order.stdout(chunk) : undefined),
      stderr: (chunk) => (halted === undefined ? order.stderr(chunk) : undefined),
      onStart: () => {
        begun = true
        if (halted !== undefined) return finishOff(halted)
        order.feed?.(shell.input)
        const { timeout } = order
        if (timeout === undefined) return
        const wait = (milliseconds: number, asleep: boolean) => {
          const due = performance.now() + milliseconds
          timer = setTimeout(() => {
            // This process was suspended: the end may have come meanwhile, and waits to be read.
            if (!asleep && performance.now() - due > overslept) wait(Math.min(milliseconds, graceMs), true)
            else halt({ kind: 'timeout', seconds: timeout })
          }, milliseconds)
        }
        wait(Math.min(timeout * 1000, 2 ** 31 - 1), false)
      },
    })
    void ran.then((result) => {
      if (halted === undefined) settle(result)
      else if (!begun) settle(halted)
    })
  })
}

/** What the promise says, or that the machine does not answer. */
function within(seconds: number, promise: Promise<string | undefined>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    const text = `The command could not be ended: the machine did not answer within ${seconds} seconds.`
    timer = setTimeout(() => resolve(text), seconds * 1000).unref()
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/**
 * Kills a session from another channel, by a shell of the same user, or from another link where there is no channel left;
 * says why if it may live on. `meet` throws where a link has ended at another machine.
 */
export async function endSession(
  wire: Wire,
  open: OpenShell,
  session: Identity | undefined,
  meet: (link: Link, shell: Shell) => Promise<void>,
): Promise<string | undefined> {
  if (session === undefined) return 'The command could not be ended: its shell leads no session of its own.'
  try {
    const link = await wire.link()
    const shell = await open(link).catch(() => undefined)
    if (shell !== undefined) {
      await meet(link, shell)
      return await kill(shell, session)
    }
    const other = await wire.another()
    try {
      const last = await open(other)
      await meet(other, last)
      return await kill(last, session)
    } finally {
      other.close()
    }
  } catch (error) {
    return `The command could not be ended: ${error instanceof Error ? error.message : String(error)}`
  }
}

const killSeconds = 20

async function kill(shell: Shell, session: Identity): Promise<string | undefined> {
  const said = capture(undefined, 1000)
  const deadline = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), killSeconds * 1000).unref()
  })
  const run = shell.run({ text: killScript(session) }, { stdout: said.tap, stderr: () => undefined })
  const end = await Promise.race([run, deadline])
  shell.close()
  if (end === undefined) return 'The command could not be ended: the machine does not answer.'
  if (end.kind !== 'exit') return 'The command could not be ended: the connection was lost.'
  return said.text() === '0'
    ? undefined
    : `The command could not be ended: ${said.text()} processes are left.`
}
