import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LabInfo, labDown, labInfo, labUp } from '../../src/lab/lab.ts'
import { until } from '../../src/lab/processes.ts'

/** A lab of a test's own, and what a test does with it. */
export interface TestLab {
  readonly info: LabInfo
  readonly place: { readonly state: string; readonly project: string }
  /** A shell line on a host, as its user. */
  run(host: string, line: string): Promise<string>
  end(): Promise<void>
}

/** Makes a lab in a temporary directory. */
export async function testLab(range = '127.78.0'): Promise<TestLab> {
  const root = await mkdtemp(join(tmpdir(), 'lab-'))
  const place = { state: join(root, 'state'), project: join(root, 'project') }
  await labUp({ ...place, range, pace: 0.05 })
  const info = await labInfo(place.state)
  return {
    info,
    place,
    run: (host, line) => info.run(host, line),
    end: async () => {
      await labDown(place)
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** Waits until a condition holds; throws, with what was waited for, after 20 seconds. */
export async function waitFor(what: string, holds: () => Promise<boolean>): Promise<void> {
  if (!(await until(holds, 20, 50))) throw new Error(`It did not happen: ${what}`)
}

/** The environment that every call of a server's script needs. */
export const java = 'JAVA_HOME=/opt/jdk1.8.0_292'
