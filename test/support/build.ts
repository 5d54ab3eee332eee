import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Before the tests of the built command: what is built is what stands here. */
export function setup(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url))], {
    stdio: 'inherit',
  })
}
