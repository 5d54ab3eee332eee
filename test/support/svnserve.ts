import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { until } from './until.ts'

/** A real svnserve over repositories of a directory, where one user may write. */
export interface Svnserve {
  readonly port: number
  url(name: string): string
  /** Makes a repository. */
  create(name: string): void
  stop(): Promise<void>
}

/** Starts one on an address of the test's own. */
export async function startSvnserve(
  dir: string,
  address: string,
  user: string,
  password: string,
): Promise<Svnserve> {
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, address, () => {
      const bound = probe.address()
      probe.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : 0))
    })
  })
  const listen = [`--listen-port=${port}`, `--listen-host=${address}`]
  const server = spawn('svnserve', ['-d', '--foreground', '-r', dir, ...listen], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const answers = () =>
    new Promise<boolean>((resolve) => {
      const socket = createConnection(port, address)
      socket.once('error', () => resolve(false))
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
    })
  await until(answers, 'svnserve answers')
  return {
    port,
    url: (name) => `svn://${address}:${port}/${name}`,
    create(name) {
      execFileSync('svnadmin', ['create', join(dir, name)])
      writeFileSync(
        join(dir, name, 'conf/svnserve.conf'),
        '[general]\nanon-access=none\nauth-access=write\npassword-db=passwd\nrealm=a realm\n',
      )
      writeFileSync(join(dir, name, 'conf/passwd'), `[users]\n${user} = ${password}\n`)
    },
    async stop() {
      server.kill()
      await ended
    },
  }
}
