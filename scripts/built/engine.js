// Loads the one file that the command and what playbooks import are in, with what V8 made of it when it was built: a run
// is over in seconds, and compiling would be a fifth of its CPU.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'
import { Script } from 'node:vm'

// Most runs are over in seconds, and half of their CPU would go into optimizing what is called for the last time soon. Node 20's
// V8 alone knows the word. It stands before the code is read, since what V8 kept is only good under the same flags.
if (process.versions.v8.startsWith('11.')) v8.setFlagsFromString('--interrupt-budget=1000000')

const file = fileURLToPath(new URL('./ENGINE', import.meta.url))

/** Where V8's code for this Node is, if this is the Node that built it; one that V8 does not know is not used. */
export const codeFile = `${file}.${process.version}-${process.arch}`

/** The engine's text as V8 has it. */
export const script = new Script(readFileSync(file, 'latin1'), { filename: file, cachedData: kept() })

/** `command()` runs the command with the arguments of this process, `library()` is what playbooks import. */
export const engine = {}
const require = createRequire(import.meta.url)
script.runInThisContext()(engine, require, dirname(file), import.meta.url, (url) => import(url))

function kept() {
  try {
    return readFileSync(codeFile)
  } catch {
    return undefined
  }
}
