import { type Dirent, lstatSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

const made = /^uf-[A-Za-z0-9]{6}$/
const anHour = 60 * 60 * 1000
const most = 50

/**
 * Removes what killed controllers left for their `ssh`: directories of ours, untouched for an hour, at whose socket nobody
 * listens. Whatever is anybody else's, or a link, stays. It never throws; `uid` is ours.
 */
export async function sweepSockets(parent: string, uid: number, now: number): Promise<void> {
  for (const { name } of entriesOf(parent)
    .filter((one) => one.isDirectory() && made.test(one.name))
    .slice(0, most)) {
    const directory = join(parent, name)
    try {
      const { uid: owner, mode, mtimeMs } = lstatSync(directory)
      if (owner !== uid || (mode & 0o077) !== 0 || now - mtimeMs < anHour) continue
      if (!(await listens(join(directory, 's')))) rmSync(directory, { recursive: true, force: true })
    } catch {
      // Another controller was quicker.
    }
  }
}

function entriesOf(parent: string): readonly Dirent[] {
  try {
    return readdirSync(parent, { withFileTypes: true })
  } catch {
    return []
  }
}

const listens = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    // Only these two say that nobody does.
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    )
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
