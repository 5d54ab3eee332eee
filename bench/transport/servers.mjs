// Real sshd's for the bench: one for each host, with an address, a host key and a machine-id of its own.
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const port = 2222

/** Starts that many servers at 127.107.x.y and writes an inventory of them. Needs root. */
export async function startServers(count) {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'upgrade-fleet-bench-'))
  const at = (...names) => join(directory, ...names)
  chmodSync(directory, 0o755)
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const key = (name) =>
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', at(name)])
  key('user')
  const config = (name, address) =>
    [
      `ListenAddress ${address}:${port}`,
      `HostKey ${at(`${name}.key`)}`,
      `AuthorizedKeysFile ${at('user.pub')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'PidFile none',
      'LogLevel QUIET',
      'PrintMotd no',
      'MaxStartups 100',
      // Not the rc files of whoever runs this: a pyenv in .bashrc costs 0.25 s a channel.
      `SetEnv HOME=${directory}`,
      `Subsystem sftp internal-sftp`,
      '',
    ].join('\n')
  const hosts = Array.from({ length: count }, (_, n) => ({
    name: `h${n}`,
    address: `127.107.${Math.floor(n / 250)}.${(n % 250) + 1}`,
  }))
  const servers = hosts.map(({ name, address }) => {
    key(`${name}.key`)
    writeFileSync(at(`${name}.id`), `${randomBytes(16).toString('hex')}\n`)
    writeFileSync(at(`${name}.conf`), config(name, address))
    const own = `mount --bind '${at(`${name}.id`)}' /etc/machine-id; exec /usr/sbin/sshd -D -f '${at(`${name}.conf`)}'`
    return spawn('unshare', ['-m', '--propagation', 'private', '/bin/sh', '-c', own], { stdio: 'ignore' })
  })
  const known = hosts.map(({ name, address }) => {
    const [type, blob] = readFileSync(at(`${name}.key.pub`), 'utf8').split(' ')
    return `[${address}]:${port} ${type} ${blob}\n`
  })
  writeFileSync(at('known_hosts'), known.join(''))
  const options = `-o UserKnownHostsFile=${at('known_hosts')} -F none`
  const inventory = {
    all: {
      vars: {
        ansible_user: 'root',
        ansible_port: port,
        ansible_ssh_private_key_file: at('user'),
        ansible_ssh_common_args: options,
      },
      children: {
        bench: {
          hosts: Object.fromEntries(
            hosts.map(({ name, address }) => [
              name,
              { ansible_host: address, upgrade_fleet_dir: at(`${name}.work`) },
            ]),
          ),
        },
      },
    },
  }
  writeFileSync(at('hosts.json'), JSON.stringify(inventory))
  await Promise.all(hosts.map(({ address }) => listening(address)))
  return {
    directory,
    inventory: at('hosts.json'),
    /** What the contenders without an inventory need. */
    target: { hosts, port, key: at('user'), knownHosts: at('known_hosts') },
    stop: async () => {
      const over = servers.map((server) => new Promise((resolve) => server.once('exit', resolve)))
      for (const server of servers) {
        for (const session of children(server.pid)) kill(session)
        server.kill('SIGKILL')
      }
      await Promise.all(over)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function children(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

async function listening(address) {
  for (let tries = 0; tries < 600; tries += 1) {
    const there = await new Promise((resolve) => {
      const socket = connect(port, address, () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (there) return
    await sleep(50)
  }
  throw new Error(`no sshd came up at ${address}`)
}
