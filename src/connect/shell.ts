import { constants } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import type { MachineIdentity } from '../model/machine-identity.ts'
import { sanitize } from '../model/sanitize.ts'
import { capture } from './capture.ts'
import type { Channel, Ended, Link, Tap } from './channel.ts'
import { fencedOff, frame, handedFrame, nonce, type Script, scanner, untilEnd } from './frame.ts'
import { helloText, type Identity, parseHello } from './session.ts'

/** How a frame went. `unrun`: the shell ended before its turn, `fenced`: its fence did not hold; so nothing of it ran. */
export type RunEnd =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'unrun'; readonly reason: string }

/** Where a frame's bytes go, and who is told that its turn has come. */
export interface Streams {
  readonly stdout: Tap
  readonly stderr: Tap
  readonly onStart?: () => void
  /** Its whole stdout is there. */
  readonly onSaid?: () => void
}

/** One `/bin/sh` that lives as long as its channel and runs one frame after the other. */
export interface Shell {
  /** Whether it takes frames: it lives, and nothing that an earlier command left behind writes into it. */
  readonly usable: () => boolean
  readonly identity: () => Identity | undefined
  /** Which machine it is on; undefined when it ended before it said so. */
  readonly who: Promise<MachineIdentity | undefined>
  readonly input: Writable
  /** Sends a frame, behind those that are under way. It never rejects. */
  run(script: Script, streams: Streams): Promise<RunEnd>
  /** Settles when it is gone. */
  readonly ended: Promise<void>
  close(): void
  /** Gives it up as it is: whatever runs in it is lost. */
  abandon(why: string): void
}

interface Entry {
  readonly streams: Streams
  readonly settle: (end: RunEnd) => void
  begun: boolean
  code: number | typeof fencedOff | undefined
  quiet: boolean
}

/** How a shell comes to be on a channel, if not as the login user's own. */
export interface Opening {
  readonly command: string
  /** Waits until the shell is there; throws when it will not be. */
  begin?(channel: Channel): Promise<void>
  /** A first shell hands frames on to the one that runs them, whose end is said on stderr by this mark and its status. */
  readonly end?: string
  /** It asks a shell beside whether the fence holds. */
  readonly beside?: boolean
}

/** Opens a shell on a link; whatever the login shell and its rc files print before it is thrown away. */
export async function openShell(link: Link, opening: Opening = { command: 'exec /bin/sh' }): Promise<Shell> {
  const { end: endMark } = opening
  const channel = await link.open(opening.command)
  await opening.begin?.(channel)
  let innerEnd: Ended | undefined
  const entries: Entry[] = []
  let usable = true
  let greeted = false
  let identity: Identity | undefined
  let met: (who: MachineIdentity | undefined) => void = () => undefined
  const who = new Promise<MachineIdentity | undefined>((resolve) => {
    met = resolve
  })
  const chatter = capture(undefined, 1000)
  const leave = () => {
    usable = false
    channel.input.end()
  }
  const taint = () => {
    usable = false
    if (entries.length === 0) channel.input.end()
  }
  const out = scanner(taint)
  const errors = scanner(taint)
  const over = (status: number) => {
    innerEnd = endedBy(status)
    leave()
  }
  pump(channel.output, out.take)
  pump(channel.errors, endMark === undefined ? errors.take : untilEnd(endMark, errors.take, over))
  channel.input.on('error', () => {
    usable = false
  })

  const finish = (entry: Entry) => {
    if (entry.code === undefined || !entry.quiet) return
    entries.splice(entries.indexOf(entry), 1)
    entry.settle(entry.code === fencedOff ? { kind: 'fenced' } : { kind: 'exit', code: entry.code })
    if (entries.length === 0 && !usable) channel.input.end()
  }
  // A turn begins with the mark of the one before on stdout; that on stderr may come later than the first output.
  const beginNext = () => {
    const next = entries.find((entry) => entry.code === undefined)
    if (next === undefined || next.begun) return
    next.begun = true
    next.streams.onStart?.()
  }
  const run = (script: Script, streams: Streams): Promise<RunEnd> => {
    if (!usable) return Promise.resolve({ kind: 'unrun', reason: 'The shell has ended.' })
    const mark = nonce()
    const text = endMark === undefined ? frame(script, mark) : handedFrame(script, mark, opening.beside)
    return new Promise((resolve) => {
      const entry: Entry = { streams, settle: resolve, begun: false, code: undefined, quiet: false }
      entries.push(entry)
      beginNext()
      out.expect(mark, streams.stdout, (said) => {
        entry.code = said === fencedOff ? fencedOff : Number(said)
        streams.onSaid?.()
        finish(entry)
        beginNext()
      })
      errors.expect(mark, streams.stderr, () => {
        entry.quiet = true
        finish(entry)
      })
      if (script.last) usable = false
      channel.input.write(text)
    })
  }

  const { patience = 30 } = link
  const late = () => abandon(`The shell did not answer within ${patience} seconds.`)
  const deadline = setTimeout(late, patience * 1000)
  let abandon: (why: string) => void = () => undefined
  const abandoned = new Promise<string>((resolve) => {
    abandon = resolve
  })
  const ended = Promise.race([channel.ended, link.gone, abandoned]).then((end) => {
    usable = false
    clearTimeout(deadline)
    channel.destroy()
    const left = entries.splice(0)
    // A program between two shells tells of a signal by a status.
    const status = typeof end === 'string' || opening.begin === undefined ? undefined : end.code
    const how = innerEnd ?? (status === undefined ? end : endedBy(status))
    met(undefined)
    for (const entry of left) entry.settle(fate(how, entry.begun && greeted, link.alive, chatter.text()))
  })

  const begin = nonce()
  const hello = capture(undefined, 1000)
  void run(
    { text: `printf '%s' ${begin}; ${helloText}`, within: true },
    {
      stdout: (chunk) => {
        void chatter.tap(chunk)
        return hello.tap(chunk)
      },
      stderr: chatter.tap,
      onSaid: () => {
        clearTimeout(deadline)
        greeted = true
        const said = parseHello(hello.text().split(begin).at(-1) ?? '')
        identity = said.shell
        met(said.who)
      },
    },
  )
  return {
    usable: () => usable,
    identity: () => identity,
    who,
    input: channel.input,
    run,
    ended,
    close: leave,
    abandon,
  }
}

/** What became of a frame whose shell ended: only the first in the queue had begun. */
function fate(end: Ended | string, begun: boolean, alive: boolean, chatter: string): RunEnd {
  if (typeof end === 'string') return { kind: 'lost', reason: end }
  if (end.signal === undefined && end.code === undefined)
    return { kind: 'lost', reason: alive ? 'The channel was closed.' : 'The connection was lost.' }
  if (begun)
    return end.signal === undefined
      ? { kind: 'lost', reason: `The shell ended with code ${end.code} in the middle of the command.` }
      : { kind: 'signal', signal: end.signal }
  const said = sanitize(chatter.trim()).slice(0, 300)
  return {
    kind: 'unrun',
    reason: `The account's login shell did not start /bin/sh.${said === '' ? '' : ` It said: ${said}`}`,
  }
}

function endedBy(status: number): Ended {
  const name = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0]
  return name === undefined ? { code: status } : { signal: name.slice('SIG'.length) }
}

function pump(stream: Readable, take: (chunk: Buffer) => undefined | Promise<void>): void {
  stream.on('error', () => undefined)
  stream.on('data', (chunk: Buffer) => {
    const slow = take(chunk)
    if (slow === undefined) return
    stream.pause()
    slow.then(
      () => stream.resume(),
      () => stream.resume(),
    )
  })
  stream.resume()
}
