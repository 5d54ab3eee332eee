import { expect } from 'vitest'
import { labHosts } from '../../src/lab/fleet.ts'
import type { DatabaseName, ShapeName } from '../../src/lab/shapes.ts'
import { stableHomes } from './comparable.ts'
import { type FleetLab, fleetLab, playbookFile } from './fleet.ts'

/** What the lab's fleet publishes, in the super tenant and in another. */
const apis = ['/weather/1.0.0', '/phone/1.0.0', '/t/acme.com/orders/1.0.0']

/** A fleet to be taken to 3.0.0 and brought back. */
export interface Way {
  readonly from: string
  readonly shape: ShapeName
  readonly database: DatabaseName
  /** A loopback range of its own. */
  readonly range: string
}

/** Makes a lab, takes it to 3.0.0 and brings it back by `rollback`: servers, APIs, databases and homes are as before. It is ended whatever happens. */
export async function thereAndBack({ from, shape, database, range }: Way): Promise<void> {
  const lab = await fleetLab(range, from, '--shape', shape, '--database', database)
  const hosts = labHosts(range, shape)
  const old = hosts.filter(({ profile }) => profile !== undefined)
  try {
    const before = { dumps: await lab.dumps(), ...filesOf(await lab.trees(), from) }
    expect(before.homes.size).toBeGreaterThan(50)
    await serves(lab, from, old)

    const up = await lab.run(playbookFile('to-3.0.0'), '--yes')
    expect(up.code, up.text).toBe(0)
    await serves(lab, '3.0.0', hosts)
    expect(await lab.dumps()).not.toEqual(before.dumps)
    expect(filesOf(await lab.trees(), from).exported).toEqual(before.exported)

    const back = await lab.run('rollback')
    expect(back.code, back.text).toBe(0)
    expect(await lab.dumps()).toEqual(before.dumps)
    expect({ dumps: before.dumps, ...filesOf(await lab.trees(), from) }).toEqual(before)
    await serves(lab, from, old)
  } finally {
    await lab.end()
  }
}

/** The old homes, and what the gateways of the old fleet share: nothing of an upgrade may write there. */
const filesOf = (trees: ReadonlyMap<string, string>, from: string) => ({
  homes: stableHomes(trees, from),
  exported: new Map([...trees].filter(([name]) => name.startsWith('export:'))),
})

async function serves(
  lab: FleetLab,
  version: string,
  hosts: readonly { readonly name: string; readonly groups: readonly string[] }[],
): Promise<void> {
  for (const { name, groups } of hosts) {
    const { text } = await lab.get(name, 9763, '/services/Version')
    expect(text, name).toContain(`WSO2 API Manager-${version}`)
    if (!groups.some((group) => group.startsWith('gateway_'))) continue
    for (const api of apis) expect((await lab.get(name, 8280, api)).status, `${name} ${api}`).toBe(200)
  }
}
