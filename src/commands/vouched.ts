import { InputError } from '../model/errors.ts'

/** The fingerprints that somebody vouches for, of one of so many hosts. */
export type Vouched = (host: string, hosts: number) => readonly string[]

const form = /^SHA256:[A-Za-z0-9+/]{43}$/

/**
 * Reads `--fingerprint` (`HOST=SHA256:...`, or `SHA256:...` where one host is meant) and the lines of a file (`HOST ...
 * SHA256:...`). A fingerprint holds for its host alone: a host of the fleet could otherwise pass for another. Throws InputError.
 */
export function vouchedFor(options: readonly string[], text: string, file: string): Vouched {
  const given = [...options.map(ofOption), ...linesOf(text, file)]
  return (host, hosts) => {
    if (hosts !== 1 && given.some((one) => one.host === undefined))
      throw new InputError(
        `--fingerprint: expected HOST=SHA256:..., since ${hosts} hosts are meant, got a fingerprint alone`,
      )
    return given.flatMap((one) => (one.host === undefined || one.host === host ? [one.fingerprint] : []))
  }
}

interface Given {
  readonly host: string | undefined
  readonly fingerprint: string
}

function ofOption(option: string): Given {
  const [, host, fingerprint = ''] = /^(?:([^=]+)=)?(SHA256:.*)$/.exec(option) ?? []
  if (!form.test(fingerprint))
    throw new InputError(
      `--fingerprint: expected HOST=SHA256: and 43 characters, got ${JSON.stringify(option)}`,
    )
  return { host, fingerprint }
}

function linesOf(text: string, file: string): readonly Given[] {
  return text.split('\n').flatMap((raw, at) => {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) return []
    const [host, ...words] = line.split(/\s+/)
    const fingerprint = words.find((word) => word.startsWith('SHA256:')) ?? ''
    if (!form.test(fingerprint))
      throw new InputError(
        `--fingerprints ${file}:${at + 1}: expected HOST ... SHA256: and 43 characters, got ${JSON.stringify(line)}`,
      )
    return [{ host, fingerprint }]
  })
}
