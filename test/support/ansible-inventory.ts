import { execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

/** An inventory, and patterns whose hosts are asked for. */
export interface InventoryQuestion {
  readonly cwd: string
  readonly sources: readonly string[]
  readonly playbookDir?: string | undefined
  readonly patterns: readonly PatternQuestion[]
}

/** A pattern as a play says it, and `--limit` beside it. */
export interface PatternQuestion {
  readonly pattern: string | readonly string[]
  readonly limit?: string
}

/** What Ansible says: `ansible-inventory --list` and `--graph`, all its warnings, and each pattern's hosts or `ERR: ...`. */
export interface InventoryAnswer {
  readonly list: string
  readonly graph: string
  readonly warnings: readonly string[]
  readonly patterns: readonly (readonly string[] | string)[]
  /** Ansible gave up with this. */
  readonly error?: string
}

/** Asks Debian's Ansible everything in one process, which `home` is the home of. Fails where Ansible is not installed: set-up does that. */
export async function askAnsible(
  home: string,
  questions: readonly InventoryQuestion[],
): Promise<readonly InventoryAnswer[]> {
  const script = join(import.meta.dirname, 'ansible-inventory.py')
  // Debian's Python has Debian's Ansible; another may come first in the PATH.
  const child = spawn('/usr/bin/python3', [script], {
    cwd: home,
    env: environment(home),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  child.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''))
  const answers: InventoryAnswer[] = []
  for await (const line of createInterface({ input: child.stdout }))
    answers.push(JSON.parse(line) as InventoryAnswer)
  const code = await ended
  if (code !== 0 || answers.length !== questions.length)
    throw new Error(`Ansible answered ${answers.length} of ${questions.length} questions, exit ${code}`)
  return answers
}

/** What the command `ansible-inventory` prints to `--list` and `--graph`. */
export async function printedByAnsible(
  home: string,
  { cwd, sources, playbookDir }: InventoryQuestion,
): Promise<{ readonly list: string; readonly graph: string }> {
  const print = async (what: string) => {
    const beside = playbookDir === undefined ? [] : ['--playbook-dir', playbookDir]
    const args = [what, ...sources.flatMap((source) => ['-i', source]), ...beside]
    const { stdout } = await promisify(execFile)('ansible-inventory', args, { cwd, env: environment(home) })
    return stdout.trimEnd()
  }
  const [list, graph] = await Promise.all([print('--list'), print('--graph')])
  return { list, graph }
}

const environment = (home: string) => ({
  PATH: '/usr/bin:/bin',
  HOME: home,
  ANSIBLE_LOCAL_TEMP: join(home, 'tmp'),
  ANSIBLE_NOCOLOR: '1',
  LC_ALL: 'C.UTF-8',
})
