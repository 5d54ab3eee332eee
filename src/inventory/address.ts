// Ansible's grammar of names and addresses (parsing/utils/addresses.py), in which ranges stand for parts.
const step = '(?::[0-9]+)?'
const numbers = `\\[[0-9]+:[0-9]+${step}\\]`
const hexadecimals = `\\[[0-9a-f]+:[0-9a-f]+${step}\\]`
const either = `\\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)${step}\\]`
const word = '[\\p{L}\\p{N}_]'

const four = `(?:[01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5]|${numbers})`
const six = `(?:[0-9a-f]{1,4}|${hexadecimals})`
const label = `(?:${word}|${either})(?:${word}|-|${either})*(?<![_-])`

const ipv4 = new RegExp(`^(?:${four}\\.){3}${four}$`, 'iu')
const name = new RegExp(`^${label}(?:\\.${label})*$`, 'iu')
// Not tied to the end of the text, as in Ansible: what begins as an address is one, so that `2001:db8::*` is one pattern.
const ipv6 = new RegExp(
  `^(?:${[
    `(?:${six}:){7}${six}`,
    `(?:${six}:){1,6}:`,
    ...[1, 2, 3, 4, 5, 6].map((before) => `(?:${six}:){${before}}(?::${six}){1,${7 - before}}`),
    `:(?::${six}){1,6}`,
    `${six}?::`,
    `(?:0:){5}(?:0|ffff):(?:${six}\\.){3}${six}`,
  ].join('|')})`,
  'iu',
)

/** A host name or address (maybe with ranges) and the port behind it, or undefined when the text is neither. */
export function parseAddress(
  text: string,
): { readonly host: string; readonly port: number | undefined } | undefined {
  const [, bracketed, itsPort] = /^\[(.+)\]:([0-9]+)$/.exec(text) ?? []
  const [, plain, port] = /^((?:[^:[\]]|\[[^\]]*\])*):([0-9]+)$/.exec(text) ?? []
  const host = bracketed ?? plain ?? text
  const digits = itsPort ?? port
  if (![ipv4, ipv6, name].some((pattern) => pattern.test(host))) return undefined
  return { host, port: digits === undefined ? undefined : Number(digits) }
}
