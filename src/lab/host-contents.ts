import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { shell } from './shell.ts'

/** The directories of a host that a lab saves and brings back. */
const own = ['opt', 'home', 'tmp'] as const

/** Puts a host's saved directories in the place of its present ones. The host must not run. */
export async function restoreHost(dir: string, name: string): Promise<void> {
  const $ = await shell()
  const live = join(dir, 'hosts', name)
  await mkdir(live, { recursive: true })
  await Promise.all(own.map((part) => rm(join(live, part), { recursive: true, force: true })))
  await Promise.all(own.map((part) => $`cp -a ${join(dir, 'saved/hosts', name, part)} ${join(live, part)}`))
}
