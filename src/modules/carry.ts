import { PassThrough } from 'node:stream'
import { change, type On } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { bringBackBrought, keepForBringing, noteBringing } from './brought.ts'
import { holds } from './target.ts'

/** A file of another machine: the machine's inventory name, the path there, its SHA-256; and where it goes here. */
export type CarryInput = {
  readonly from: string
  readonly path: string
  readonly sha256: string
  readonly to: string
}

/**
 * Brings a file of another machine to this one, through the controller, which keeps nothing of it: whichever controller
 * goes on with a run reads it again from where it lies. Undo removes it, or brings back what stood in its place.
 *
 * @example
 * carry({
 *   from: 'pub1',
 *   path: '/srv/app/trees.tar',
 *   sha256: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
 *   to: '/srv/app/trees.tar',
 * })
 */
export const carry = change('carry', {
  async check(on, { sha256, to }: CarryInput) {
    const there = sh.read`[ "$(sha256sum < ${to} 2>/dev/null | cut -c1-64)" = ${sha256} ]`
    return (await holds(on, there, { timeout: 600 })) ? { path: to } : undefined
  },
  remember: (on, { to }) => keepForBringing(on, to),
  async apply(on, { from, path, sha256, to }, before) {
    const peer = await on.peer(from)
    const said = await peer.exec(sh.read`stat -Lc %s -- ${path}`, { signal: on.signal })
    const size = said.kind === 'exit' && said.code === 0 ? Number(said.stdout) : Number.NaN
    if (!Number.isSafeInteger(size))
      throw new TaskError(`${path} is not on ${from} any more: it cannot be brought to ${on.name}`)
    await noteBringing(on, before, sha256)
    const { signal } = on
    await on.put({ stream: () => streamOf(peer, path, signal), size }, to, {
      sha256,
      signal,
      onProgress: (done, total) => on.progress(done, total, 'bytes'),
    })
    return { path: to }
  },
  undo: (on, _input, before) => bringBackBrought(on, before),
})

/** A file of another machine as a stream. */
export function streamOf(
  peer: Awaited<ReturnType<On['peer']>>,
  path: string,
  signal: AbortSignal,
): PassThrough {
  const stream = new PassThrough()
  // Who reads it tells of its failure; a reader that has given up does not end the process.
  stream.on('error', () => {})
  peer.get(path, stream, { signal }).catch((error: Error) => stream.destroy(error))
  return stream
}
