import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { svnAddress } from './fleet.ts'
import { type Proc, spawnDaemon, until } from './processes.ts'
import { shell } from './shell.ts'

/** The repository of the old fleet, and the new and empty one. */
export const repositories = { old: 'wso2am', clean: 'wso2am-clean' } as const

/** The Subversion user that servers and tool share. */
export const svnUser = 'wso2svn'

/** The port of the lab's svnserve. */
export const svnPort = 3690

/** Makes both repositories; the old one gets the gateway manager's artefact tree. */
export async function makeRepositories(dir: string, password: string, tree: string): Promise<void> {
  const $ = await shell()
  const root = join(dir, 'saved/svn')
  await mkdir(root, { recursive: true, mode: 0o700 })
  await Promise.all(
    Object.values(repositories).map(async (name) => {
      await $`svnadmin create ${join(root, name)}`
      await writeFile(join(root, name, 'conf/svnserve.conf'), serverConfig)
      await writeFile(join(root, name, 'conf/passwd'), `[users]\n${svnUser} = ${password}\n`, { mode: 0o600 })
    }),
  )
  await $`svn import -q --no-ignore -m ${'Artifacts of the gateway manager'} --username ${svnUser} ${tree} ${`file://${join(root, repositories.old)}`}`
}

/** Puts the saved repositories in the place of the present ones. The server must not run. */
export async function restoreRepositories(dir: string): Promise<void> {
  const $ = await shell()
  await rm(join(dir, 'svn'), { recursive: true, force: true })
  await $`cp -a ${join(dir, 'saved/svn')} ${join(dir, 'svn')}`
}

/** Starts svnserve and waits until its port is open. */
export async function startSubversion(dir: string, range: string): Promise<Proc> {
  const address = svnAddress(range)
  const args = ['-d', '--foreground', '--listen-host', address, '--listen-port', String(svnPort), '-r', 'svn']
  const proc = await spawnDaemon('svnserve', args, { log: join(dir, 'svn.log'), cwd: dir })
  if (!(await until(() => listens(address, svnPort), 10))) {
    throw new Error(`The lab's Subversion does not start: see ${join(dir, 'svn.log')}`)
  }
  return proc
}

/** Whether something listens on that IPv4 address and port, by the kernel's table: nothing is sent. */
export async function listens(address: string, port: number): Promise<boolean> {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  const local = `${bytes.reverse().join('')}:${port.toString(16).padStart(4, '0')}`.toUpperCase()
  const table = await readFile('/proc/net/tcp', 'utf8')
  return table.split('\n').some((line) => {
    const fields = line.trim().split(/\s+/)
    return fields[1] === local && fields[3] === '0A'
  })
}

const serverConfig = `[general]
anon-access = none
auth-access = write
password-db = passwd
realm = lab
`
