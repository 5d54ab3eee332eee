import { parseAddress } from './address.ts'

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const mostNames = 100_000

/** The hosts that a name of an inventory stands for, or what is wrong with it. */
export type Names =
  | { readonly names: readonly string[]; readonly port: number | undefined }
  | { readonly wrong: string }

/** Expands `gw[01:12].dc1:2222` to names and a port, by Ansible's rules; what is no address is a name as it stands. */
export function expandName(text: string): Names {
  if (text.endsWith(':') && !text.endsWith('::')) return { wrong: 'expected no colon at the end' }
  const { host, port } = parseAddress(text) ?? { host: text, port: undefined }
  if (port !== undefined && (port < 1 || port > 65_535))
    return { wrong: `expected a port of 1 to 65535, got ${port}` }
  const expanded = expandRanges(host)
  return typeof expanded === 'string' ? { wrong: expanded } : { names: expanded, port }
}

// The last bracket varies fastest, as in Ansible. Gives a sentence when a range is wrong; every bracket begins one.
function expandRanges(name: string): string[] | string {
  if (!name.includes('[')) return [name]
  const bracket = /\[([^\]]*)\]/.exec(name)
  if (bracket?.[1] === undefined) return `expected a range such as [1:5], got ${JSON.stringify(name)}`
  const middle = expandRange(bracket[1])
  if (typeof middle === 'string') return middle
  const rest = expandRanges(name.slice(bracket.index + bracket[0].length))
  if (typeof rest === 'string') return rest
  if (middle.length * rest.length > mostNames) return `expected at most ${mostNames} hosts of one name`
  const head = name.slice(0, bracket.index)
  return middle.flatMap((part) => rest.map((tail) => `${head}${part}${tail}`))
}

function expandRange(range: string): string[] | string {
  const parts = range.split(':')
  if (parts.length < 2 || parts.length > 3)
    return `expected a range [begin:end] or [begin:end:step], got [${range}]`
  const [from = '', to = '', stepText = '1'] = parts
  const begin = from === '' ? '0' : from
  if (to === '') return `expected a range with an end, such as [1:5], got [${range}]`
  const step = Number(stepText)
  if (!/^\d+$/.test(stepText) || step < 1) return `expected a step of 1 or more, got [${range}]`
  if (letters.includes(begin) && letters.includes(to) && begin.length === 1 && to.length === 1) {
    return between(letters.indexOf(begin), letters.indexOf(to), step, range, (at) => letters.charAt(at))
  }
  if (!/^\d+$/.test(begin) || !/^\d+$/.test(to)) return `expected numbers or single letters, got [${range}]`
  const padded = begin.startsWith('0') && begin.length > 1
  if (padded && begin.length !== to.length) {
    return `expected both ends of a zero-padded range to be equally long, got [${range}]`
  }
  const width = padded ? begin.length : 0
  return between(Number(begin), Number(to), step, range, (at) => String(at).padStart(width, '0'))
}

function between(begin: number, end: number, step: number, range: string, text: (at: number) => string) {
  if (begin > end) return `expected a range that goes up, got [${range}]`
  const count = Math.floor((end - begin) / step) + 1
  if (count > mostNames) return `expected at most ${mostNames} hosts of one name, got [${range}]`
  return Array.from({ length: count }, (_, index) => text(begin + index * step))
}
