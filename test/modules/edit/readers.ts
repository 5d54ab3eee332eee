import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** What a reader that is not ours finds in a file, as JSON can say it. */
export type Data = { readonly [key: string]: Data } | readonly Data[] | string | number | boolean | null

/** Such readers, in one process of their own. */
export interface Readers {
  read(format: string, bytes: Buffer): Promise<Data>
  stop(): Promise<void>
}

/** A file of our own in the shape of one that servers have. */
export const sample = (name: string): string =>
  readFileSync(new URL(`samples/${name}`, import.meta.url), 'utf8')

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Python's own parsers: expat, tomllib, PyYAML, json, configparser. */
export const pythonReaders = (): Readers => readers('/usr/bin/python3', [here('readers.py')])

/** `java.util.Properties` itself; the format is `latin1` for a stream of bytes, `utf8` for a reader of characters. */
export const javaReaders = (): Readers => readers('java', ['-Xshare:auto', here('Readers.java')])

function readers(program: string, args: readonly string[]): Readers {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async read(format, bytes) {
      child.stdin.write(`${JSON.stringify({ format, bytes: bytes.toString('base64') })}\n`)
      const answer = JSON.parse(String((await lines.next()).value)) as { data: Data; error?: string }
      if (answer.error !== undefined) throw new Error(answer.error)
      return answer.data
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.stdin.end()
      }),
  }
}
