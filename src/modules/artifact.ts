import { change } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { ask } from './target.ts'

/** A file of the operator's: its name in the list of artefacts, where it lies on the controller, its SHA-256. */
export type Artifact = { readonly name: string; readonly file: string; readonly sha256: string }

/** Where an artefact lies on a machine: named by its content, so that it travels once. */
export function stagedPath(base: string, artifact: Artifact): string {
  return `${base}/artifacts/${artifact.sha256}-${artifact.file.split('/').at(-1) ?? artifact.name}`
}

/** Brings an artefact to the machine, unless it is there whole already. Undo removes it. */
export const stage = change('artifact.stage', {
  async check(on, { base, artifact }: { base: string; artifact: Artifact }) {
    const path = stagedPath(base, artifact)
    const { code, stdout } = await ask(on, sh.read`sha256sum -- ${path} 2>/dev/null`, { timeout: 600 })
    return code === 0 && stdout.startsWith(artifact.sha256) ? { path } : undefined
  },
  async apply(on, { base, artifact }) {
    const path = stagedPath(base, artifact)
    await on.must(sh`mkdir -p -- ${`${base}/artifacts`}`)
    await on.put({ file: artifact.file }, path, {
      sha256: artifact.sha256,
      mode: 0o644,
      signal: on.signal,
      onProgress: (done, total) => on.progress(done, total, 'bytes'),
    })
    return { path }
  },
  async undo(on, { base, artifact }) {
    await on.must(
      sh`rm -f -- ${stagedPath(base, artifact)} && { rmdir -- ${`${base}/artifacts`} 2>/dev/null || :; }`,
    )
  },
})
