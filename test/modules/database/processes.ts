import { readdirSync, readFileSync } from 'node:fs'

/** Command line and environment of every process that there is at this moment, as far as they can be read. */
export function processes(): readonly {
  readonly pid: number
  readonly args: string
  readonly env: string
}[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), args: read(`${name}/cmdline`), env: read(`${name}/environ`) }))
}

function read(name: string): string {
  try {
    return readFileSync(`/proc/${name}`, 'utf8')
  } catch {
    return '' // it has ended since
  }
}
