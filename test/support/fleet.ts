import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { lstat, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type LabInfo, labInfo } from '../../src/lab/lab.ts'

const tool = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** A playbook of this repository, as it is typed from anywhere. */
export const playbookFile = (name: string): string =>
  fileURLToPath(new URL(`../../playbooks/${name}.ts`, import.meta.url))

/** What a command ended with, and all that it printed. */
export interface Ended {
  readonly code: number
  readonly text: string
}

/** A command that runs. */
export interface Started {
  signal(signal: NodeJS.Signals): void
  /** What it printed so far. */
  text(): string
  readonly ended: Promise<Ended>
}

/** A lab in a project folder of its own, driven by the built command as a person would. */
export interface FleetLab {
  readonly cwd: string
  readonly info: LabInfo
  run(...args: readonly string[]): Promise<Ended>
  /** Starts a command and leaves it running; `kill` ends it in mid-run once its output holds a text. */
  killAt(text: string, signal: NodeJS.Signals, ...args: readonly string[]): Promise<Ended>
  /** Starts a command and leaves it running. Whoever starts it sees to its end. */
  start(...args: readonly string[]): Started
  /** The dumps of all databases, without what differs between two dumps of the same data. */
  dumps(): Promise<Readonly<Record<string, string>>>
  /** Every file of each host's /opt (by `host:path`), /home and /tmp (by `host:/home/path`), and of what old gateways share (`export:path`), with mode and digest; links with their targets. */
  trees(): Promise<ReadonlyMap<string, string>>
  /** Asks a server of a host; its offset is added to the port. */
  get(host: string, port: number, path: string): Promise<{ readonly status: number; readonly text: string }>
  end(): Promise<void>
}

/** Makes a lab on a loopback range, of 1.9.1 where no other release is given; `more` are options of `lab up`. It must be ended. */
export async function fleetLab(range: string, from = '1.9.1', ...more: readonly string[]): Promise<FleetLab> {
  const cwd = await mkdtemp(join(tmpdir(), 'fleet-'))
  const start = (
    args: readonly string[],
  ): { child: ChildProcess; text: () => string; ended: Promise<Ended> } => {
    const child = spawn(process.execPath, [tool, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (text += String(part)))
    const ended = new Promise<Ended>((resolve) =>
      child.on('close', (code) => resolve({ code: code ?? -1, text })),
    )
    return { child, text: () => text, ended }
  }
  const run = (...args: readonly string[]) => start(args).ended
  const up = await run('lab', 'up', '--pace', '0.05', '--range', range, '--from', from, ...more)
  if (up.code !== 0) throw new Error(up.text)
  const info = await labInfo(join(cwd, '.upgrade-fleet'))
  return {
    cwd,
    info,
    run,
    start: (...args) => {
      const { child, text, ended } = start(args)
      return { signal: (signal) => void child.kill(signal), text, ended }
    },
    killAt: (text, signal, ...args) => {
      const { child, text: said, ended } = start(args)
      child.stdout?.on('data', () => {
        if (said().includes(text)) child.kill(signal)
      })
      return ended
    },
    dumps: async () => {
      const { db } = info
      const login = join(cwd, 'login.cnf')
      await writeFile(login, `[client]\npassword=${readFileSync(db.passwordFile, 'utf8').trim()}\n`, {
        mode: 0o600,
      })
      const dump = async (schema: string): Promise<readonly [string, string]> => {
        if (db.engine === 'postgresql') return [schema, await postgresqlDump(db, schema)]
        const { stdout } = await promisify(execFile)(
          'mariadb-dump',
          [
            `--defaults-extra-file=${login}`,
            `--host=${db.host}`,
            `--port=${db.port}`,
            `--user=${db.user}`,
            '--routines',
            '--events',
            '--skip-dump-date',
            '--order-by-primary',
            '--skip-extended-insert',
            schema,
          ],
          { maxBuffer: 1 << 28 },
        )
        return [schema, stdout]
      }
      return Object.fromEntries(await Promise.all(Object.values(db.schemas).map(dump)))
    },
    trees: async () => {
      const files = new Map<string, string>()
      for (const [host, { root }] of Object.entries(info.hosts))
        for (const [top, prefix] of [
          [root, ''],
          [join(root, '../home'), '/home/'],
          [join(root, '../tmp'), '/tmp/'],
        ] as const)
          for (const [path, digest] of await treeOf(top)) files.set(`${host}:${prefix}${path}`, digest)
      for (const [path, digest] of await treeOf(join(info.dir, 'export-old')))
        files.set(`export:${path}`, digest)
      return files
    },
    get: async (host, port, path) => {
      const response = await fetch(
        `http://${info.hosts[host]?.address}:${port + (info.hosts[host]?.offset ?? 0)}${path}`,
        {
          signal: AbortSignal.timeout(5000),
        },
      ).catch((error: Error) => error)
      if (response instanceof Error) return { status: 0, text: response.message }
      return { status: response.status, text: await response.text() }
    },
    end: async () => {
      const down = await run('lab', 'down')
      await rm(cwd, { recursive: true, force: true })
      if (down.code !== 0) throw new Error(down.text)
    },
  }
}

/** What `pg_dump` says, without the word that differs from dump to dump. */
async function postgresqlDump(db: LabInfo['db'], schema: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    'pg_dump',
    [`--host=${db.host}`, `--port=${db.port}`, `--username=${db.user}`, '--no-password', '--inserts', schema],
    {
      maxBuffer: 1 << 28,
      env: { ...process.env, PGPASSWORD: readFileSync(db.passwordFile, 'utf8').trim() },
    },
  )
  return stdout.replace(/^\\(un)?restrict .*\n/gm, '')
}

async function treeOf(root: string): Promise<readonly (readonly [string, string])[]> {
  const files: (readonly [string, string])[] = []
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) continue
    const name = relative(root, path)
    if (entry.isSymbolicLink()) files.push([name, `-> ${await readlink(path)}`])
    else if (entry.isFile()) {
      const { mode } = await lstat(path)
      const digest = createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
      files.push([name, `${(mode & 0o7777).toString(8)} ${digest}`])
    }
  }
  return files
}
