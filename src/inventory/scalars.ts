/** What a scalar of an inventory can be. */
export type Scalar = null | boolean | number | string

// PyYAML's resolver, word for word but for timestamps, which stay text here.
const nothing = /^(?:~|null|Null|NULL|)$/
const yes = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const no = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/
const integer =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/
const real =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/

/** The value of an unquoted YAML scalar as Ansible (PyYAML, YAML 1.1) reads it: `yes` is true, `012` is 10, `1e3` is text. */
export function plainScalar(text: string): Scalar {
  // Most are words; all that is no text begins with one of these.
  if (!/^(?:[-+.~0-9nNyYtToOfF]|$)/.test(text)) return text
  if (nothing.test(text)) return null
  if (yes.test(text)) return true
  if (no.test(text)) return false
  if (integer.test(text)) return pythonInteger(text.replaceAll('_', ''))
  if (real.test(text)) return pythonReal(text.replaceAll('_', '').toLowerCase())
  return text
}

function pythonInteger(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1
  const digits = text.replace(/^[-+]/, '')
  if (digits.includes(':')) return sign * sexagesimal(digits)
  if (/^0[bx]/.test(digits)) return sign * Number(digits)
  if (/^0./.test(digits)) return sign * Number.parseInt(digits, 8)
  return sign * Number(digits) + 0
}

function pythonReal(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1
  const digits = text.replace(/^[-+]/, '')
  if (digits === '.inf') return sign * Number.POSITIVE_INFINITY
  if (digits === '.nan') return Number.NaN
  return sign * (digits.includes(':') ? sexagesimal(digits) : Number(digits))
}

const sexagesimal = (digits: string) => digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
