import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What Debian's `ansible-playbook` made of a playbook. */
export interface AnsibleRun {
  readonly code: number | null
  readonly text: string
  /** Which hosts did which task, as `host: task`, in the order in which they ended it. */
  readonly did: readonly string[]
}

/** Runs plays, given as YAML, over hosts, given as INI, in a directory of its own. Fails where Ansible is not installed: set-up does that. */
export async function runAnsible(dir: string, inventory: string, plays: string): Promise<AnsibleRun> {
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'hosts'), inventory)
  writeFileSync(join(dir, 'play.yml'), plays)
  const child = spawn('ansible-playbook', ['-i', 'hosts', 'play.yml'], {
    cwd: dir,
    env: {
      PATH: '/usr/bin:/bin',
      HOME: dir,
      ANSIBLE_LOCAL_TEMP: join(dir, 'tmp'),
      ANSIBLE_NOCOLOR: '1',
      ANSIBLE_TIMEOUT: '10',
      ANSIBLE_FORKS: '10',
      LC_ALL: 'C.UTF-8',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const read = (chunk: Buffer) => {
    text += chunk.toString('utf8')
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  let task = ''
  const did = text.split('\n').flatMap((line) => {
    task = /^TASK \[(.*)\]/.exec(line)?.[1] ?? task
    const host = /^(?:ok|changed): \[([^\]]+)\]/.exec(line)?.[1]
    return host === undefined ? [] : [`${host}: ${task}`]
  })
  return { code, text, did }
}
