import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { agentKeys } from '../../connect/agent.ts'
import { parseKnownHosts } from '../../connect/known-hosts.ts'
import type { Io } from '../../model/io.ts'
import { about, type Finding, lookAt, modeText } from './finding.ts'

/** Node, the ssh program, known hosts and the agent: what this machine brings. */
export async function lookAtMachine(io: Io): Promise<readonly Finding[]> {
  const looks = [lookAtNode(io), await lookAtSsh(io), ...(await lookAtKnownHosts(io)), await lookAtAgent(io)]
  return looks
}

function lookAtNode({ node }: Io): Finding {
  const [major = 0, minor = 0] = node.replace(/^v/, '').split('.').map(Number)
  const { fine, wrong } = about('Node')
  if (major > 20 || (major === 20 && minor >= 19)) return fine(node)
  return wrong(`${node}: expected 20.19 or newer`, 'Install Node 20.19 or newer.')
}

/** What `ssh -V` says of itself, or undefined where there is no ssh. */
export const sshVersion = (io: Pick<Io, 'env'>): Promise<string | undefined> =>
  new Promise((resolve) => {
    const env = { PATH: io.env['PATH'] ?? '/usr/bin:/bin' }
    execFile('ssh', ['-V'], { env, timeout: 5000 }, (error, stdout, stderr) => {
      const [line = ''] = `${stderr}${stdout}`.trim().split('\n')
      resolve(error === null ? line : undefined)
    })
  })

async function lookAtSsh(io: Io): Promise<Finding> {
  const { fine, note } = about('ssh')
  const version = await sshVersion(io)
  if (version !== undefined) return fine(`${version} (for ansible_connection: openssh)`)
  return note(
    'there is no ssh program: SSH works without it, but for certificates, hardware keys and Kerberos',
    'Where these are needed, install OpenSSH: apt-get install openssh-client',
  )
}

async function lookAtKnownHosts(io: Io): Promise<readonly Finding[]> {
  const { fine, note, wrong } = about('known_hosts')
  const own = join(io.home, '.ssh/known_hosts')
  const findings: Finding[] = []
  for (const file of [own, '/etc/ssh/ssh_known_hosts']) {
    const found = await lookAt(file)
    if (found === undefined) {
      if (file === own)
        findings.push(
          note(
            `${file}: there is none, so that no host is known yet`,
            'See what hosts show, compare, store: upgrade-fleet hostkeys scan; upgrade-fleet hostkeys trust PATTERN',
          ),
        )
      continue
    }
    if ((found.mode & 0o022) !== 0) {
      findings.push(
        wrong(`${file}: others may write to it (mode ${modeText(found.mode)})`, `chmod 600 '${file}'`),
      )
      continue
    }
    try {
      const keys = parseKnownHosts(await readFile(file, 'utf8'), file)
      findings.push(fine(`${file}: ${keys.length} ${keys.length === 1 ? 'line' : 'lines'}`))
    } catch (error) {
      findings.push(wrong(`${file}: ${error instanceof Error ? error.message : String(error)}`))
    }
  }
  return findings
}

async function lookAtAgent({ env }: Io): Promise<Finding> {
  const { fine, note, wrong } = about('ssh agent')
  const socket = env['SSH_AUTH_SOCK']
  if (socket === undefined || socket === '')
    return note('none (SSH_AUTH_SOCK is not set): keys are read from files')
  try {
    const keys = await agentKeys(socket, 2)
    if (keys.length === 0) return note(`${socket} is empty, or locked`, 'ssh-add')
    return fine(`${socket} holds ${keys.length} ${keys.length === 1 ? 'key' : 'keys'}`)
  } catch (error) {
    return wrong(
      `${socket} does not answer: ${error instanceof Error ? error.message : String(error)}`,
      'Start one: eval "$(ssh-agent)"; ssh-add; or go without: unset SSH_AUTH_SOCK',
    )
  }
}
