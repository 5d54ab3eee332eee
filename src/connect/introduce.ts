import { sanitize } from '../model/sanitize.ts'
import type { Layer } from './become-command.ts'
import type { Channel } from './channel.ts'
import { handOn } from './frame.ts'

/** What came of becoming other users on a channel; `by` is the one who could not be become, `said` what was printed. */
export type Introduced =
  | { readonly kind: 'there' }
  | {
      readonly kind: 'asks' | 'tty' | 'wrong' | 'unsure' | 'failed'
      readonly by: Layer
      readonly said: string
    }
  | { readonly kind: 'lost'; readonly reason: string }

const mostSaid = 4000

/**
 * Follows the start of shells of other users. With `first`, they are reached through a shell of who logged in: that
 * `behind` by what it prints, the other beside it. A password is written once, and only
 * after it was asked for with the mark that nobody else knows; the second question means that it was wrong, and another one
 * (a code, a new password) is not answered. Nothing else
 * is written before the other user is there, and what is left of the input by then is thrown away over there.
 */
export async function introduce(
  channel: Channel,
  gone: Promise<string>,
  layers: readonly Layer[],
  end: string,
  behind: Layer | undefined,
  first: boolean,
  passwordOf: (layer: Layer) => string | undefined,
  seconds: number,
): Promise<Introduced> {
  let said = ''
  let over: string | undefined
  let look: () => void = () => undefined
  const hear = (chunk: Buffer) => {
    if (said.length < mostSaid) said += chunk.toString('latin1')
    look()
  }
  const ignore = () => undefined
  const finish = (why: string) => {
    over ??= why
    look()
  }
  channel.errors.on('data', hear).on('error', ignore)
  channel.output.on('data', ignore).on('error', ignore)
  channel.input.on('error', ignore)
  void channel.ended.then(() => finish('ended'))
  void gone.then(() => finish('gone'))
  const timer = setTimeout(() => finish('late'), seconds * 1000)
  const until = <T>(judge: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      look = () => {
        const found = judge()
        if (found === undefined) return
        look = ignore
        resolve(found)
      }
      look()
    })

  const through = async (layer: Layer): Promise<Introduced['kind']> => {
    // Behind a first shell, that one hands on what the others are to read.
    const write = (line: string) =>
      channel.input.write(first ? handOn(line, layer === behind ? 'next' : 'beside') : line)
    let written = false
    const state = () => {
      if (said.includes(layer.hello)) return 'there'
      if (questions(said, layer) > (written ? 1 : 0)) return written ? 'wrong' : 'asked'
      if (over === 'gone') return 'lost'
      // The first shell may still have to be let in when the last has failed already.
      const isGone = layer === behind || !first ? said.includes(end) : said.includes(layer.gone)
      return over !== undefined || isGone ? 'over' : undefined
    }
    let now = await until(state)
    if (now === 'asked') {
      const password = passwordOf(layer)
      if (password === undefined) return 'asks'
      written = true
      write(`${password}\n`)
      now = await until(state)
    }
    if (now === 'there') {
      write(`${layer.go}\n`)
      return 'there'
    }
    if (now === 'wrong' || now === 'lost') return now
    // It may have been right; it is not written again all the same.
    if (written && (over === 'late' || /expired|required to change|Current password/i.test(said)))
      return 'unsure'
    if (written) return /not allowed|not in the sudoers|may not run/i.test(said) ? 'failed' : 'wrong'
    if (/a password is required|Authentication required/.test(said)) return 'asks'
    return /must have a tty/.test(said) ? 'tty' : 'failed'
  }

  try {
    for (const layer of layers) {
      const kind = await through(layer)
      if (kind === 'there') continue
      channel.input.end()
      channel.destroy()
      if (kind === 'lost') return { kind, reason: 'The connection was lost.' }
      return {
        kind,
        by: layer,
        said: readable(said, [...layers], end, over === 'late' ? seconds : undefined),
      }
    }
    return { kind: 'there' }
  } finally {
    clearTimeout(timer)
    channel.errors.off('data', hear).pause()
    channel.output.off('data', ignore).pause()
  }
}

function questions(said: string, { become, prompt }: Layer): number {
  if (become.method !== 'su') return said.split(prompt).length - 1
  const after = said.split(prompt)[1]
  return after === undefined ? 0 : after.split(/Password: ?/).length - 1
}

function readable(said: string, layers: readonly Layer[], end: string, late: number | undefined): string {
  const marks = [end, ...layers.flatMap(({ hello, prompt, gone }) => [hello, prompt, gone])]
  const text = marks.reduce((left, mark) => left.replaceAll(mark, ' '), said)
  const plain = sanitize(Buffer.from(text, 'latin1').toString().trim()).slice(0, 500)
  if (late === undefined) return plain
  return `no answer within ${late} seconds${plain === '' ? '' : `; it said: ${plain}`}`
}
