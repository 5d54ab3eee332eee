import { execFileSync, spawn } from 'node:child_process'
import { rmSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Server } from './server.ts'

const faults = [
  'pid-file-missing',
  'pid-file-empty',
  'stale-pid-dead',
  'stale-pid-unrelated',
  'pid-file-root-owned',
  'disk-full',
] as const

/**
 * Writes the pid file, right or wrong, and writes it anew when the lab's faults change. It is a buffer of 100 bytes,
 * whatever the number's length, and is never removed at the end.
 */
export function keepPidFile(server: Server): void {
  const now = () => faults.find((fault) => server.faulty(fault))
  let last = now()
  write(server, last)
  watch(join(server.java, 'lib/lab'), { persistent: false }, () => {
    const next = now()
    if (next !== last) write(server, next)
    last = next
    if (server.faulty('two-servers-in-one-home')) startTwin(server)
  })
  if (server.faulty('two-servers-in-one-home')) startTwin(server)
}

function write(server: Server, fault: (typeof faults)[number] | undefined): void {
  const path = join(server.home, 'wso2carbon.pid')
  try {
    if (fault === 'pid-file-missing') rmSync(path, { force: true })
    else if (fault === 'pid-file-root-owned') leaveToRoot(path)
    else writeFileSync(path, fault === 'pid-file-empty' || fault === 'disk-full' ? '' : buffer(server, fault))
  } catch {
    server.machine.say('WARNING: Cannot write wso2carbon.pid file')
  }
}

/** What a start by root leaves: the number of its own process, which is gone, in a file that nobody else may write. */
function leaveToRoot(path: string): void {
  rmSync(path, { force: true })
  const script = 'printf "%s\\n" 4194000 > "$1" && chmod 644 "$1"'
  execFileSync('sudo', ['-n', 'sh', '-c', script, 'sh', path], { stdio: 'ignore' })
  throw new Error('It cannot be written.')
}

function buffer(server: Server, fault: string | undefined): Buffer {
  const bytes = Buffer.alloc(100)
  bytes.write(`${pidFor(server, fault)}\n`)
  return bytes
}

let victim: number | undefined

function pidFor(server: Server, fault: string | undefined): number {
  if (fault === 'stale-pid-dead') return 4_194_000
  if (fault !== 'stale-pid-unrelated') return server.machine.pid
  if (victim === undefined) {
    const other = spawn('sleep', ['2147483647'], { detached: true, stdio: 'ignore', cwd: '/' })
    other.unref()
    victim = other.pid
  }
  return victim ?? server.machine.pid
}

let twin = false

/** A second server in the same home: it takes the pid file, and the ports that it wants are taken. */
function startTwin(server: Server): void {
  if (twin || server.props.has('lab.twin')) return
  twin = true
  server.machine.again(['-Dlab.twin=true'])
}
