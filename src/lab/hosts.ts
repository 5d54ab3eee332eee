import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabHost } from './fleet.ts'
import { bootScript, hostsFile, sshdConfig, withUser } from './host-files.ts'
import { childrenOf, end, type Proc, spawnDaemon, until } from './processes.ts'
import { shell } from './shell.ts'

/** Makes what is a host's own and does not change with its contents: users, names, host key. */
export async function makeHost(dir: string, host: LabHost, all: readonly LabHost[]): Promise<void> {
  const $ = await shell()
  const own = join(dir, 'hosts', host.name)
  await mkdir(join(own, 'etc'), { recursive: true })
  await mkdir(join(own, 'sshd'), { recursive: true, mode: 0o700 })
  const put = (name: string, text: string, mode = 0o644) => writeFile(join(own, name), text, { mode })
  const user = 'wso2carbon:x:802:802::/home/wso2carbon:/bin/sh'
  await Promise.all([
    put('etc/passwd', withUser(await readFile('/etc/passwd', 'utf8'), user)),
    put('etc/group', withUser(await readFile('/etc/group', 'utf8'), 'wso2:x:802:')),
    put(
      'etc/shadow',
      withUser(await readFile('/etc/shadow', 'utf8'), 'wso2carbon:*:19000:0:99999:7:::'),
      0o600,
    ),
    put('etc/hosts', hostsFile(host, all)),
    put('etc/hostname', `${host.name}\n`),
    put('etc/machine-id', `${randomBytes(16).toString('hex')}\n`),
    put('etc/sudoers', 'Defaults !requiretty\nroot ALL=(ALL:ALL) ALL\nwso2carbon ALL=(ALL) NOPASSWD: ALL\n'),
    put('sshd/sshd_config', sshdConfig(host)),
    $`ssh-keygen -q -t ed25519 -N ${''} -C ${host.name} -f ${join(own, 'sshd/ssh_host_ed25519_key')}`,
  ])
  await chmod(join(own, 'etc/sudoers'), 0o440)
}

/** Starts a host: its namespaces, its mounts, its sshd; a new boot id each time. Resolves when the mounts stand. */
export async function bootHost(dir: string, host: LabHost): Promise<Proc> {
  const own = join(dir, 'hosts', host.name)
  const ready = join(own, 'ready')
  await writeFile(ready, '')
  await writeFile(join(own, 'etc/boot_id'), `${randomUUID()}\n`)
  const script = join(dir, 'lib/boot.sh')
  const args = ['--mount', '--pid', '--uts', '--fork', '--kill-child', '/bin/sh', script, host.name]
  const proc = await spawnDaemon('unshare', args, { log: join(own, 'boot.log'), cwd: own })
  const up = await until(async () => (await readFile(ready, 'utf8')) === 'ready\n', 10)
  if (!up) {
    await end(proc, 'SIGKILL')
    throw new Error(`Host ${host.name} does not boot: ${await readFile(join(own, 'boot.log'), 'utf8')}`)
  }
  return proc
}

/** Ends a host and all that runs on it. `unshare` ignores SIGTERM, so it is killed, and its child with it. */
export async function haltHost(proc: Proc): Promise<void> {
  const inside = await childrenOf(proc.pid)
  await end(proc, 'SIGKILL')
  await until(async () => (await Promise.all(inside.map(gone))).every(Boolean), 10)
}

/** Runs a shell line on a host as `wso2carbon` (or root), over no network: for starting servers and for tests. */
export async function onHost(
  proc: Proc,
  line: string,
  user: 'wso2carbon' | 'root' = 'wso2carbon',
): Promise<string> {
  const $ = await shell()
  const [init] = await childrenOf(proc.pid)
  if (init === undefined) throw new Error('The host is not running.')
  const become =
    user === 'root' ? [] : ['setpriv', '--reuid=802', '--regid=802', '--clear-groups', '--inh-caps=-all']
  const home = user === 'root' ? '/root' : '/home/wso2carbon'
  const clean = ['env', '-i', `HOME=${home}`, 'PATH=/usr/local/bin:/usr/bin:/bin', 'LANG=C']
  const run = $({
    quiet: true,
  })`nsenter -t ${init} -m -p -u ${become} ${clean} sh -c ${`cd ${home} && ${line}`}`
  return (await run).stdout
}

/** Writes what every boot of every host goes through. */
export async function writeBootScript(dir: string): Promise<void> {
  await mkdir(join(dir, 'lib'), { recursive: true })
  await writeFile(join(dir, 'lib/boot.sh'), bootScript)
}

async function gone(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)) === undefined
}
