import { change, type Module, type On } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import type { Json } from '../../model/json.ts'
import { shownText, type Text } from '../../model/secret.ts'
import { looks } from '../target.ts'
import {
  bringFileBack,
  type Kept,
  keepFile,
  type Storing,
  storeFile,
  type Validate,
  validator,
} from './keep.ts'
import { type Found, hasRights, look, modeText, type Rights, type Wanted } from './look.ts'
import { rightsDiff } from './rewrite.ts'

/** What every module that writes a whole file takes. */
export type WholeInput = Rights & {
  /** A program that must accept the new file before it gets its name; `%s` stands for it. */
  readonly validate?: Validate | undefined
  /** Whether a link at the path is followed, and stays; else the file takes its place (default, as in Ansible). */
  readonly follow?: boolean | undefined
}

/** What a whole file is to hold. */
export type Content =
  | { readonly text: Text }
  /** A file of the controller, with its SHA-256. */
  | { readonly file: string; readonly sha256: string; readonly size: number }
  /** A file of the machine itself. */
  | { readonly here: string }

/** A change module that gives a path the content that is told of an input. */
export function writing<In extends WholeInput & Json, Out extends Json>(
  module: string,
  pathOf: (input: In) => string,
  contentOf: (on: On, input: In) => Promise<Content>,
  outOf: (input: In) => Out,
): Module<In, Out> {
  const rightsOf = ({ mode, owner, group }: In): Rights => ({ mode, owner, group })
  return change<In, Out, Kept>(module, {
    async check(on, input, kept) {
      if (input.mode !== undefined) modeText(input.mode)
      if (input.validate !== undefined) validator(input.validate)
      const content = await contentOf(on, input)
      const { want, same } = comparison(content)
      const found = await look(on, pathOf(input), {
        follow: input.follow === true,
        want,
        written: kept?.written,
      })
      mustBeFree(on, pathOf(input), found)
      return found.kind === 'file' && same(found) && hasRights(found, input) ? outOf(input) : undefined
    },
    async diff(on, input) {
      const path = pathOf(input)
      const content = await contentOf(on, input)
      const found = await look(on, path, { follow: input.follow === true, want: 'nothing' })
      const before = found.kind === 'file' ? (await looks(on, path)).text : ''
      return [
        ...rightsDiff({ path, ...rightsOf(input) }, found),
        { path, before, after: await shownOf(on, content) },
      ]
    },
    remember: (on, input) => keepFile(on, pathOf(input), input.follow === true),
    async apply(on, input, kept) {
      const content = await contentOf(on, input)
      await storeFile(on, kept, { ...rightsOf(input), validate: input.validate, ...storingOf(on, content) })
      return outOf(input)
    },
    undo: (on, _input, kept) => bringFileBack(on, kept),
  })
}

/** How what is there is compared with what is to be there, in the same round trip. */
function comparison(content: Content): {
  readonly want: Wanted
  readonly same: (found: Found) => boolean
} {
  if ('file' in content) return { want: 'digest', same: ({ sha256 }) => sha256 === content.sha256 }
  return { want: content, same: ({ same }) => same === true }
}

function mustBeFree(on: On, path: string, { kind }: Found): void {
  if (kind === 'directory' || kind === 'other')
    throw new TaskError(`${path} on ${on.name} is no file (${kind}): remove it first, or choose another path`)
}

function storingOf(on: On, content: Content): Pick<Storing, 'source' | 'put'> {
  if ('text' in content) return { source: content }
  if ('here' in content) return { source: { made: sh`cat -- ${content.here} >"$t"` } }
  return {
    source: content,
    put: {
      sha256: content.sha256,
      cache: true,
      onProgress: (done, total) => on.progress(done, total, 'bytes'),
    },
  }
}

async function shownOf(on: On, content: Content): Promise<string> {
  if ('text' in content) return shownText(content.text)
  if ('here' in content) return (await looks(on, content.here)).text
  return `${content.size} bytes of ${content.file}, SHA-256 ${content.sha256}\n`
}
