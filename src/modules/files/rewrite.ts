import { change, type Module } from '../../model/action.ts'
import { type Charset, encode } from '../../model/charset.ts'
import type { Source } from '../../model/connection.ts'
import type { Diff } from '../../model/diff.ts'
import { TaskError } from '../../model/errors.ts'
import type { Json } from '../../model/json.ts'
import { isSecret, shownText, type Text } from '../../model/secret.ts'
import { bringFileBack, type Kept, keepFile, storeFile, type Validate, validator } from './keep.ts'
import { type Found, hasRights, look, modeText, type Rights } from './look.ts'

/** What every module that rewrites a file takes, beside its own. */
export type RewriteInput = Rights & {
  /** Absolute path of the file. A link there is followed, and stays. */
  readonly path: string
  /** A program that must accept the new file before it gets its name; `%s` stands for it: `xmllint --noout %s`. */
  readonly validate?: Validate | undefined
}

/** A file as an edit gets it. */
export interface Before {
  /** Whether there is a file; an edit that wants one throws {@link TaskError}. */
  readonly exists: boolean
  readonly bytes: Buffer
  /** The bytes as text: UTF-8 where they are that, else each byte a character (`latin1`), and back in the same way. */
  readonly text: string
  readonly encoding: 'utf8' | 'latin1'
}

/** Text in an encoding that the edit knows better than its bytes tell, with what it read before. */
export type Written = { readonly text: Text; readonly charset: Charset; readonly before: string }

/** What an edit makes of a file: text (with secrets, in parts) in the encoding of the file or in a named one, or bytes. */
export type After = Text | Buffer | Written

/** Where the file is. */
export type Rewritten = { readonly path: string }

/** Bytes as what an edit gets. */
export function beforeOf(bytes: Buffer, exists = true): Before {
  const text = bytes.toString('utf8')
  if (Buffer.from(text).equals(bytes)) return { exists, bytes, text, encoding: 'utf8' }
  return { exists, bytes, text: bytes.toString('latin1'), encoding: 'latin1' }
}

/**
 * A change module out of a pure function from a file to what it is to be. It is already so where the function gives the
 * same bytes, and mode and owner are as told; so the function must leave alone what needs no change. It throws
 * {@link TaskError} for what it refuses; that the file is missing too, unless it makes one (`before.exists`).
 *
 * The file is read once, and changed only if it is still the same then: written beside, validated, renamed, with the
 * rights of the file before unless told others (0600 for a new one). A copy stays on the machine, for undo.
 */
export function rewriting<In extends RewriteInput & Json>(
  module: string,
  edit: (before: Before, input: In) => After,
): Module<In, Rewritten> {
  const edited = (name: string, input: In, found: Found) => {
    if (found.kind !== 'file' && found.kind !== 'none')
      throw new TaskError(`${input.path} on ${name} is no file (${found.kind})`)
    if (input.mode !== undefined) modeText(input.mode)
    if (input.validate !== undefined) validator(input.validate)
    const before = beforeOf(found.bytes ?? Buffer.alloc(0), found.kind === 'file')
    try {
      const after = edit(before, input)
      return { before, after, source: sourceOf(before, after) }
    } catch (error) {
      if (!(error instanceof TaskError)) throw error
      throw new TaskError(`${input.path} on ${name}: ${error.message}`)
    }
  }
  const wanted = { want: 'bytes' } as const
  return change<In, Rewritten, Kept>(module, {
    async check(on, input, kept) {
      const found = await look(on, input.path, { ...wanted, follow: true, written: kept?.written })
      if (found.ours && hasRights(found, input)) return { path: input.path }
      const { before, after, source } = edited(on.name, input, found)
      if (found.kind !== 'file' || !hasRights(found, input)) return undefined
      if ('bytes' in source) return before.bytes.equals(source.bytes) ? { path: input.path } : undefined
      // A secret's value is compared on the machine, where all around it is the same already.
      const text = isWritten(after) ? after.before : before.text
      if (!couldBe(text, source.text)) return undefined
      const { same } = await look(on, input.path, { follow: true, want: source })
      return same === true ? { path: input.path } : undefined
    },
    async diff(on, input) {
      const found = await look(on, input.path, { ...wanted, follow: true })
      const { before, after } = edited(on.name, input, found)
      return [
        ...rightsDiff(input, found),
        {
          path: input.path,
          before: isWritten(after) ? after.before : shown(before.bytes),
          after: shown(after),
        },
      ]
    },
    remember: (on, { path }) => keepFile(on, path, true),
    async apply(on, input, kept) {
      const { mode, owner, group, validate } = input
      const found = await look(on, kept.path, { ...wanted, follow: false, written: kept.written })
      // A try before this one wrote it already: only its rights may be missing, and an edit is not made twice.
      const source = found.ours
        ? { bytes: found.bytes ?? Buffer.alloc(0) }
        : edited(on.name, input, found).source
      await storeFile(on, kept, { mode, owner, group, validate, source })
      return { path: input.path }
    },
    undo: (on, _input, kept) => bringFileBack(on, kept),
  })
}

function sourceOf(
  { encoding }: Before,
  after: After,
): Extract<Source, { text: Text } | { bytes: Uint8Array }> {
  if (Buffer.isBuffer(after)) return { bytes: after }
  if (isWritten(after)) {
    const { text, charset } = after
    if (typeof text !== 'string' && text.some(isSecret)) return { text, charset }
    return { bytes: encode(shownText(text), charset) }
  }
  if (typeof after !== 'string' && after.some(isSecret)) {
    if (encoding === 'utf8') return { text: after }
    throw new TaskError('it is not in UTF-8, and a secret can be put into no other text')
  }
  const text = shownText(after)
  if (encoding === 'latin1' && !/^[\0-\xff]*$/.test(text))
    throw new TaskError('it is not in UTF-8, and what is to be put in does not fit into its encoding')
  return { bytes: Buffer.from(text, encoding) }
}

const isWritten = (after: After): after is Written => typeof after === 'object' && 'charset' in after

/** Whether a text may be these parts: what stands around the secrets is there, in this order. */
function couldBe(text: string, parts: Text): boolean {
  if (typeof parts === 'string') return text === parts
  let at = 0
  for (const part of parts) {
    if (isSecret(part)) continue
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return true
}

/** A file's content as a person may see it. */
function shown(content: After): string {
  if (isWritten(content)) return shownText(content.text)
  if (!Buffer.isBuffer(content)) return shownText(content)
  return content.includes(0) ? `${content.length} bytes that are no text\n` : beforeOf(content).text
}

/** What would become of mode and owner. */
export function rightsDiff(
  input: Rights & { readonly path: string },
  found: Found,
  fresh = '600',
): readonly Diff[] {
  const { path, mode, owner, group } = input
  const has = found.kind === 'file' || found.kind === 'directory'
  const line = (what: string, before: string, after: string | undefined): readonly Diff[] =>
    after === undefined || before === after
      ? []
      : [{ path: `${path} (${what})`, before: `${before}\n`, after: `${after}\n` }]
  const who = (is: readonly string[], now: string | undefined) =>
    now !== undefined && is.includes(now) ? now : (is[0] ?? '')
  return [
    ...line(
      'mode',
      has ? found.mode : 'none',
      mode === undefined ? (has ? undefined : fresh) : modeText(mode),
    ),
    ...line('owner', has ? who(found.owner, owner) : 'none', owner),
    ...line('group', has ? who(found.group, group) : 'none', group),
  ]
}
