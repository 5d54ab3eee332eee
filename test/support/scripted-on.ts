import type { On } from '../../src/model/action.ts'
import { TaskError } from '../../src/model/errors.ts'

/** What a machine of the test answers to a command: its output, or with a code. */
export type Scripted = (text: string) => string | { readonly code: number; readonly stdout?: string }

/** What was asked and told, in order. */
export interface Told {
  readonly asked: string[]
  readonly said: string[]
  /** What was stored, by path, secrets as their names. */
  readonly put: Map<string, { readonly text: unknown; readonly mode: number | undefined }>
}

/** An `On` without a machine: each command is answered by its text, from answers recorded on a real one. */
export function scriptedOn(
  answer: Scripted,
  peers: Readonly<Record<string, Scripted>> = {},
): Told & { readonly on: On } {
  const told: Told = { asked: [], said: [], put: new Map() }
  const exec = (how: Scripted) => async (command: { readonly text: string }) => {
    told.asked.push(command.text)
    const said = how(command.text)
    const { code, stdout = '' } = typeof said === 'string' ? { code: 0, stdout: said } : said
    return { kind: 'exit', code, stdout, stderr: '', truncated: false }
  }
  const on = {
    name: 'gw1',
    run: 'run-1',
    task: 'p/gw1/t',
    signal: new AbortController().signal,
    say: (line: string) => void told.said.push(line),
    progress: () => {},
    exec: exec(answer),
    must: async (command: { readonly text: string }) => {
      const { code, stdout } = await exec(answer)(command)
      if (code !== 0) throw new TaskError(`exited ${code}`)
      return stdout
    },
    put: async (
      source: { readonly text: unknown },
      path: string,
      options: { readonly mode?: number } = {},
    ) => {
      told.put.set(path, { text: source.text, mode: options.mode })
    },
    keep: async () => '/keep',
    peer: async (name: string) => {
      const how = peers[name]
      if (how === undefined) throw new TaskError(`${name} is unreachable`)
      return { exec: exec(how) }
    },
  }
  return { ...told, on: on as never }
}

/** What `listing` prints for a virtual machine of a home. */
export const jvm = (home: string, pid = 4242, started = 100, parent = 1): string =>
  `${pid} (java) S ${parent} ${Array.from({ length: 17 }, () => '0').join(' ')} ${started} 0\n/opt/jdk/bin/java\t-Dcarbon.home=${home}\torg.wso2.carbon.bootstrap.Bootstrap\n`
