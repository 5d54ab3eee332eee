import { expect } from 'vitest'
import { stableHomes } from './comparable.ts'
import { type FleetLab, playbookFile } from './fleet.ts'

/** What came of a fleet that was taken to 3.0.0 and brought back. */
export interface Trip {
  readonly up: boolean
  readonly back: boolean
  /** Seconds there and back. */
  readonly seconds: readonly [there: number, back: number]
  /** Whether databases and old homes are as they were. */
  readonly asBefore: boolean
}

const gateways = ['gw-mgr-1', 'gw-worker-1', 'gw-worker-2', 'gw-worker-3']
const old = ['km-1', 'pub-1', 'store-1', ...gateways]
const apis = ['/weather/1.0.0', '/phone/1.0.0', '/t/acme.com/orders/1.0.0']

/**
 * Takes a lab's fleet to 3.0.0 and back, and compares what is there then with what was before: dumps of all databases, and
 * the files of the old homes but for what a server writes while it runs (the synchronizer's working copies, from 1.10.0 on,
 * among it). Says at each step, by the test's own words, what does not hold.
 */
export async function thereAndBack(lab: FleetLab, from: string, more: readonly string[] = []): Promise<Trip> {
  const mine = Object.keys(lab.info.hosts).filter((host) => old.includes(host) || from.startsWith('2.'))
  await serves(lab, from, mine)
  const before = { dumps: await lab.dumps(), homes: homes(await lab.trees(), from) }
  expect(before.homes.size).toBeGreaterThan(100)
  const began = performance.now()
  const up = await lab.run(playbookFile('to-3.0.0'), '--yes', ...more)
  expect(up.code, up.text).toBe(0)
  const there = performance.now()
  await serves(lab, '3.0.0', Object.keys(lab.info.hosts))
  expect(await lab.dumps()).not.toEqual(before.dumps)

  const turned = performance.now()
  const back = await lab.run('rollback', '--yes')
  expect(back.code, back.text).toBe(0)
  const home = performance.now()
  await serves(lab, from, mine)
  expect(await lab.dumps()).toEqual(before.dumps)
  expect(homes(await lab.trees(), from)).toEqual(before.homes)
  const seconds = [(there - began) / 1000, (home - turned) / 1000] as const
  return { up: up.code === 0, back: back.code === 0, seconds, asBefore: true }
}

/** Each host answers as that version, and each gateway for all APIs. */
async function serves(lab: FleetLab, version: string, hosts: readonly string[]): Promise<void> {
  for (const host of hosts) {
    const { text } = await lab.get(host, 9763, '/services/Version')
    expect(text, host).toContain(`WSO2 API Manager-${version}`)
  }
  for (const host of gateways)
    for (const api of apis) expect((await lab.get(host, 8280, api)).status, `${host} ${api}`).toBe(200)
}

/** The files of the old homes that a server does not write; it keeps its working copies of Subversion itself. */
function homes(trees: ReadonlyMap<string, string>, from: string): ReadonlyMap<string, string> {
  return new Map(
    [...stableHomes(trees, from)].filter(([name]) => !realCopies(from) || !name.includes('/.svn/')),
  )
}

/** Whether a release's servers check working copies out by themselves in the lab; those of 1.8 and 1.9 lie in the homes. */
const realCopies = (from: string) => from === '1.10.0' || from.startsWith('2.')
