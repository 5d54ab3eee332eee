import { randomBytes } from 'node:crypto'
import { quote } from '../model/command.ts'
import type { Tap } from './channel.ts'

/** What one frame of the shell runs: a command of its own subshell, so that neither directory nor variables outlive it. */
export interface Script {
  readonly text: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly stdin?: Buffer
  /** A test by built-in commands: where it does not hold, nothing is run, and {@link fencedOff} is said for the exit status. */
  readonly fence?: string
  /** Text of ours, of built-in commands, that leaves nothing behind in its shell: it is run there, and costs no process. */
  readonly within?: boolean
  /** The command reads what comes after the frame, so the shell ends with it and is not used again. */
  readonly last?: boolean
}

/** Said in place of the exit status when the script's fence does not hold. */
export const fencedOff = 'fenced'

/** A mark that no output can forge, since it is random and the command never learns it. */
export function nonce(): string {
  if (left.length < nonceBytes) left = randomBytes(nonceBytes * 200)
  const mark = left.toString('hex', 0, nonceBytes)
  left = left.subarray(nonceBytes)
  return mark
}
const nonceBytes = 18
// Each of them is used once; asked for one by one, they cost more than the frames around them.
let left: Buffer = Buffer.alloc(0)

/** The text that makes `/bin/sh` run a script and then say the mark and the exit status on both of its streams. */
export function frame(script: Script, mark: string): Buffer {
  if (standsAlone(script)) return Buffer.from(framed(script, script.text, mark).join(''))
  const body = subshell(script)
  const [begin, , end] = framed(script, body, mark)
  // One compound command: a shell that reads no further than it must would leave its end to the script's own input.
  if (script.last) return Buffer.from(`{ ${begin}${body}\n${end}exit; }\n`)
  if (script.stdin === undefined || script.stdin.length === 0)
    return Buffer.from(`${begin}${body} </dev/null\n${end}`)
  const input = [
    Buffer.from(`${begin}{ `),
    ...feed(script.stdin),
    Buffer.from(`} 2>/dev/null | ${body}\n${end}`),
  ]
  return Buffer.concat(input)
}

/** What stands before a body, the body, and what stands behind it. */
function framed({ fence }: Script, body: string, mark: string): readonly [string, string, string] {
  const said = `printf '%s%s\\n' ${mark} "$r"; printf '%s\\n' ${mark} >&2\n`
  return fence === undefined
    ? ['', body, `\nr=$?; ${said}`]
    : [`if ${fence}; then\n`, body, `\nr=$?; else r=${fencedOff}; fi; ${said}`]
}

/** Whether a script needs no subshell, so that it costs no process: nothing of it can stay behind in its shell. */
function standsAlone({ text, env, cwd, stdin, last, within }: Script): boolean {
  if (within) return true
  if (last || cwd !== undefined || stdin !== undefined || env !== undefined) return false
  return harmless.test(text)
}
const word = String.raw`(?:[\w@%+=:,./-]|'[^'\0]*'|\\')+`
/** One command that every shell has built in and that leaves nothing behind. Checks are mostly such: is it a directory? */
const harmless = new RegExp(
  String.raw`^(?:(?:test|echo|true|false|:)(?: (?:${word}|!))*|\[(?: (?:${word}|!))+ \])$`,
)
/** One command and its words, nothing that a shell would read as more: it can stand in a script as it is. */
const plain = new RegExp(`^${word}(?: ${word})*$`)
const reserved =
  /^(?:case|coproc|do|done|elif|else|esac|fi|for|function|if|in|select|then|time|until|while)(?: |$)/

/** The first shell's descriptors to and from the one beside it that tests the fence. */
export const [ask, answer] = [7, 8] as const

/** A test for `if`, by built-in commands, that is made in the shell beside; no answer is no refusal, but the end of both. */
const besides = (fence: string): string =>
  `{ printf '%s\\n' ${quote(`if ${fence}; then echo y; else echo n; fi`)} >&${ask} && IFS= read -r y <&${answer} || exit 1; [ "$y" = y ]; }`

/**
 * The text that makes a first shell hand a frame on to the one that runs it, when the fence holds by its own eyes, or with
 * `beside` by those of the shell beside; else that one says so. Nothing of it is in an argument list, since `printf` is
 * part of the shell.
 */
export function handedFrame({ fence: test, ...script }: Script, mark: string, beside = false): Buffer {
  const fence = test !== undefined && beside ? besides(test) : test
  const words = (text: Buffer) => `printf %s ${quoteBytes(text)}`
  const give = `${words(frame(script, mark))}${script.last ? '; exec cat' : ''}`
  if (fence === undefined) return Buffer.from(script.last ? `{ ${give}; }\n` : `${give}\n`, 'latin1')
  const refusal = `printf '%s%s\\n' ${mark} ${fencedOff}; printf '%s\\n' ${mark} >&2\n`
  const refuse = words(Buffer.from(`${refusal}${script.last ? 'exit\n' : ''}`))
  return Buffer.concat([
    Buffer.from(`if ${fence}; then `),
    Buffer.from(`${give}; else ${refuse}${script.last ? '; exit' : ''}; fi\n`, 'latin1'),
  ])
}

/** A line that makes a first shell hand bytes on to the next one, or to the one beside. */
export const handOn = (bytes: string, to: 'next' | 'beside'): Buffer =>
  Buffer.from(`printf %s ${quoteBytes(Buffer.from(bytes))}${to === 'next' ? '' : ` >&${ask}`}\n`, 'latin1')

const quoteBytes = (bytes: Buffer): string => `'${bytes.toString('latin1').replaceAll("'", `'\\''`)}'`

/** The script as a subshell of its own; throws when it cannot be one, such as for a NUL or a wrong variable name. */
export function subshell(script: Script): string {
  const lines = [
    ...(script.cwd === undefined ? [] : [`cd -- ${quote(script.cwd)} || exit`]),
    ...exports(script.env),
    asItIs(script.text) ? script.text : `eval ${quoteAlways(script.text)}`,
  ]
  return `( ${lines.join('\n')}\n)`
}

// A subshell becomes its last program; from within an eval it would start one more process for it.
const asItIs = (text: string): boolean => plain.test(text) && !reserved.test(text)

function quoteAlways(text: string): string {
  if (text.includes('\0')) throw new TypeError('A command cannot hold a NUL byte.')
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** Lines that set variables for what comes after them. */
export function exports(env: Readonly<Record<string, string>> | undefined): string[] {
  return Object.entries(env ?? {}).map(([name, value]) => `export ${variable(name)}=${quote(value)}`)
}

function variable(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new TypeError(`"${name}" is no name of an environment variable.`)
  return name
}

const piece = 16 * 1024

/**
 * Input for a command as words of `printf`, which is part of the shell: it is in no argument list, and in no file as a
 * here-document may be. Without NUL the bytes stand as they are; a piece with NUL goes through `%b`.
 */
function* feed(stdin: Buffer): Generator<Buffer> {
  for (let at = 0; at < stdin.length; at += piece) {
    const part = stdin.subarray(at, at + piece).toString('latin1')
    const binary = part.includes('\0')
    const word = binary ? part.replaceAll('\\', '\\\\').replaceAll('\0', '\\0000') : part
    const quoted = `'${word.replaceAll("'", `'\\''`)}'`
    yield Buffer.from(`printf '%${binary ? 'b' : 's'}' ${quoted}\n`, 'latin1')
  }
}

interface Waiting {
  readonly mark: Buffer
  readonly tap: Tap
  readonly done: (said: string) => void
}

/** Cuts one stream of a shell at the marks of its frames. */
export interface Scanner {
  expect(mark: string, tap: Tap, done: (said: string) => void): void
  /** A promise when the reader wants the stream held back. */
  take(chunk: Buffer): undefined | Promise<void>
}

/** A scanner; `stray` is called when bytes come that belong to no frame: something was left behind that writes. */
export function scanner(stray: () => void): Scanner {
  const queue: Waiting[] = []
  let held: Buffer = Buffer.alloc(0)
  const take = (chunk: Buffer): undefined | Promise<void> => {
    let data = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    held = Buffer.alloc(0)
    let slow: Promise<void> | undefined
    while (data.length > 0) {
      const current = queue[0]
      if (current === undefined) {
        stray()
        break
      }
      const at = data.indexOf(current.mark)
      const until = at < 0 ? data.length - partial(data, current.mark) : at
      if (until > 0) slow = both(slow, current.tap(data.subarray(0, until)))
      data = data.subarray(until)
      const newline = at < 0 ? -1 : data.indexOf(10, current.mark.length)
      if (newline < 0) {
        held = Buffer.from(data)
        break
      }
      queue.shift()
      current.done(data.toString('latin1', current.mark.length, newline))
      data = data.subarray(newline + 1)
    }
    return slow
  }
  return {
    expect: (mark, tap, done) => void queue.push({ mark: Buffer.from(mark), tap, done }),
    take,
  }
}

/** Hands bytes on until a mark, which may come anywhere, and says the status behind it. */
export function untilEnd(
  end: string,
  take: Scanner['take'],
  done: (status: number) => void,
): Scanner['take'] {
  const mark = Buffer.from(end)
  let held: Buffer = Buffer.alloc(0)
  return (chunk) => {
    const data = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const at = data.indexOf(mark)
    const until = at < 0 ? data.length - partial(data, mark) : at
    held = Buffer.from(data.subarray(until))
    if (at >= 0 && data.indexOf(10, at) >= 0)
      done(Number.parseInt(data.toString('latin1', at + mark.length), 10))
    return until === 0 ? undefined : take(data.subarray(0, until))
  }
}

function both(a: Promise<void> | undefined, b: Promise<void> | undefined): Promise<void> | undefined {
  return a === undefined ? b : b === undefined ? a : Promise.all([a, b]).then(() => undefined)
}

/** How many bytes at the end of the data may be the beginning of the mark. */
function partial(data: Buffer, mark: Buffer): number {
  for (let size = Math.min(mark.length - 1, data.length); size > 0; size -= 1)
    if (data.subarray(data.length - size).equals(mark.subarray(0, size))) return size
  return 0
}
