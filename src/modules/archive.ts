import { change } from '../model/action.ts'
import { type UnarchiveInput, unpacking } from './archives/unarchive.ts'
import type { Standing } from './files/in-place.ts'

export { create } from './archives/create.ts'

/** What to unpack: a zip of the machine, its SHA-256, its one folder, and the path that this folder gets. */
export type UnpackInput = {
  readonly zip: string
  readonly sha256: string
  readonly top: string
  readonly to: string
}

/** The same as `unarchive` has it: later tasks change the tree. */
export const asUnarchive = ({ zip, sha256, top, to }: UnpackInput): UnarchiveInput => ({
  src: zip,
  sha256,
  dest: to,
  format: 'zip',
  root: top,
  verify: 'mark',
})

/**
 * Unpacks a zip whose one folder is `top` so that it becomes `to`, by the rules of `unarchive`; one that another run unpacked
 * is refused. Undo removes `to`, with what later tasks made of it; what somebody else put in its place is moved aside.
 *
 * @example
 * archive.unpack({
 *   zip: '/srv/app/wso2am-3.0.0.zip',
 *   sha256: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
 *   top: 'wso2am-3.0.0',
 *   to: '/srv/app/wso2am-3.0.0',
 * })
 */
export const unpack = change<UnpackInput, { readonly path: string }, Standing>('archive.unpack', {
  async check(on, input) {
    const done = await unpacking.check(on, { ...asUnarchive(input), run: on.run })
    return done && { path: input.to }
  },
  diff: (on, input) => unpacking.diff(on, asUnarchive(input)),
  remember: (on, input) => unpacking.remember(on, { ...asUnarchive(input), run: on.run }),
  async apply(on, input, before) {
    await unpacking.apply(on, { ...asUnarchive(input), run: on.run }, before)
    return { path: input.to }
  },
  undo: (on, input, before) => unpacking.undo(on, { ...asUnarchive(input), run: on.run }, before),
})
