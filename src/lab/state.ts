import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OldVersion } from './pack/release.ts'
import type { Proc } from './processes.ts'
import type { DatabaseName, ShapeName } from './shapes.ts'

/** What a lab is made with; another set of options is another lab. */
export interface LabShape {
  readonly from: OldVersion
  readonly pace: number
  readonly range: string
  readonly shape: ShapeName
  readonly database: DatabaseName
}

/** What is known of a running lab: the contents of its `state.json`. */
export interface LabState extends LabShape {
  /** The lab's own directory, absolute. */
  readonly dir: string
  /** The project directory whose `inventory/lab` this lab wrote. */
  readonly project: string
  /** The namespaces' outer process of each host. */
  readonly hosts: Readonly<Record<string, Proc>>
  readonly databaseServer: Proc | undefined
  readonly svn: Proc | undefined
}

/** The directory of a lab, under the tool's state directory. */
export function labDir(state: string): string {
  return join(state, 'lab')
}

/** Reads the state of the lab there, or nothing if there is none. */
export async function readState(dir: string): Promise<LabState | undefined> {
  const text = await readFile(join(dir, 'state.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as LabState)
}

/** Stores the state whole, so that a `lab down` always knows what to end. */
export async function writeState(state: LabState): Promise<void> {
  await mkdir(state.dir, { recursive: true, mode: 0o700 })
  const path = join(state.dir, 'state.json')
  await writeFile(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
