import { stat } from 'node:fs/promises'
import { change, type On } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { bringBackBrought, keepForBringing, noteBringing } from './brought.ts'
import { pull } from './pull.ts'
import { ask } from './target.ts'

/** A file of the operator's: its name in the list of artefacts, where it lies on the controller, its SHA-256. */
export type Artifact = { readonly name: string; readonly file: string; readonly sha256: string }

/** Where an artefact lies on a machine: named by its content, so that it travels once. */
export function stagedPath(base: string, artifact: Artifact): string {
  return `${base}/artifacts/${artifact.sha256}-${artifact.file.split('/').at(-1) ?? artifact.name}`
}

/** Another machine of the playbook that may have the artefact, and where it lies there. */
export type Peer = { readonly name: string; readonly path: string }

type StageInput = {
  readonly base: string
  readonly artifact: Artifact
  /** Machines that this one may fetch it from over its own ssh, in the order in which they are asked. */
  readonly peers?: readonly Peer[]
}

/**
 * Brings an artefact to the machine, unless it is there whole already: out of the machine's cache, from a peer that has it,
 * else from here. Undo removes it, or brings back what stood in its place; the cache keeps a copy.
 *
 * @example
 * artifact.stage({
 *   base: '/opt/wso2',
 *   artifact: {
 *     name: 'wso2am-3.0.0',
 *     file: '/packs/wso2am-3.0.0.zip',
 *     sha256: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
 *   },
 * })
 */
export const stage = change('artifact.stage', {
  async check(on, { base, artifact }: StageInput) {
    const path = stagedPath(base, artifact)
    const { code, stdout } = await ask(on, sh.read`sha256sum -- ${path} 2>/dev/null`, { timeout: 600 })
    return code === 0 && stdout.startsWith(artifact.sha256) ? { path } : undefined
  },
  remember: (on, { base, artifact }) => keepForBringing(on, stagedPath(base, artifact)),
  async apply(on, { base, artifact, peers = [] }, before) {
    const path = stagedPath(base, artifact)
    await fetchFrom(on, artifact, peers)
    await noteBringing(on, before, artifact.sha256)
    await on.put({ file: artifact.file }, path, {
      sha256: artifact.sha256,
      cache: true,
      mode: 0o644,
      signal: on.signal,
      onProgress: (done, total) => on.progress(done, total, 'bytes'),
    })
    return { path }
  },
  undo: (on, _input, before) => bringBackBrought(on, before),
})

// The first that has it is asked; whatever comes of that, what is not in the cache then is sent from here.
async function fetchFrom(on: On, artifact: Artifact, peers: readonly Peer[]): Promise<void> {
  if (peers.length === 0) return
  // Where it is not here either, who sends it says so.
  const size = await stat(artifact.file).then(
    (is) => is.size,
    () => undefined,
  )
  if (size === undefined) return
  for (const { name, path } of peers) {
    const peer = await on.peer(name).catch(() => undefined)
    const has = await peer?.exec(sh.read`test -f ${path}`, { signal: on.signal }).catch(() => undefined)
    if (peer === undefined || has?.kind !== 'exit' || has.code !== 0) continue
    const file = { sha256: artifact.sha256, size }
    const pulled = await pull(on, peer.endpoint, path, file, { signal: on.signal })
    on.say(pulled.done ? `fetched from ${name}` : `sent from here: ${pulled.why}`)
    return
  }
}
