import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the lab tells its servers: how fast time goes, and which faults are on (`*` for all hosts). */
export interface Settings {
  readonly pace: number
  readonly faults: Readonly<Record<string, readonly string[]>>
}

/** Reads the lab's settings anew, so that a fault can be switched on while a server runs. */
export function readSettings(java: string): Settings {
  const text = readFileSync(join(java, 'lib/lab/settings.json'), 'utf8')
  return JSON.parse(text) as Settings
}

/** Whether a fault is on for a host. */
export function faulty(settings: Settings, host: string, fault: string): boolean {
  return [...(settings.faults['*'] ?? []), ...(settings.faults[host] ?? [])].includes(fault)
}
