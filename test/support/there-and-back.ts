import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { isPublished, sampleApis } from '../../src/lab/data/samples.ts'
import { type LabHost, labHosts, profileAt } from '../../src/lab/fleet.ts'
import type { OldVersion } from '../../src/lab/pack/release.ts'
import type { DatabaseName, ShapeName } from '../../src/lab/shapes.ts'
import { stableHomes } from './comparable.ts'
import { type FleetLab, fleetLab, playbookFile } from './fleet.ts'

/** What came of a fleet that was taken to 3.0.0 and brought back. */
export interface Trip {
  readonly up: boolean
  readonly back: boolean
  /** Seconds there and back. */
  readonly seconds: readonly [there: number, back: number]
  /** Whether databases and old homes are as they were. */
  readonly asBefore: boolean
}

/**
 * Takes a lab's fleet to 3.0.0 and back, and compares what is there then with what was before: dumps of all databases, and
 * the files of the old homes but for what a server writes while it runs (the synchronizer's working copies, from 1.10.0 on,
 * among it). Says at each step, by the test's own words, what does not hold.
 */
export async function thereAndBack(
  lab: FleetLab,
  from: OldVersion,
  more: readonly string[] = [],
  shape: ShapeName = 'distributed',
  /** What the way back goes by: the run's journal, or the manifests beside the backups when the controller is gone. */
  by: 'journal' | 'manifests' = 'journal',
): Promise<Trip> {
  const hosts = labHosts('127.0.0', shape)
  const mine = hosts.filter((host) => profileAt(host, from) !== undefined)
  await serves(lab, from, mine)
  const before = { dumps: await lab.dumps(), homes: homes(await lab.trees(), from) }
  expect(before.homes.size).toBeGreaterThan(50)
  const began = performance.now()
  const up = await lab.run(playbookFile('to-3.0.0'), '--yes', ...more)
  expect(up.code, up.text).toBe(0)
  const there = performance.now()
  await serves(lab, '3.0.0', hosts)
  const exported = (files: ReadonlyMap<string, string>) =>
    [...files].filter(([name]) => name.startsWith('export:'))
  expect(exported(await lab.trees())).toEqual(exported(before.homes))
  expect(await lab.dumps()).not.toEqual(before.dumps)

  const turned = performance.now()
  if (by === 'manifests') await rm(join(lab.cwd, '.upgrade-fleet/runs'), { recursive: true })
  const back = await lab.run(by === 'manifests' ? playbookFile('rollback') : 'rollback', '--yes')
  expect(back.code, back.text).toBe(0)
  const home = performance.now()
  await serves(lab, from, mine)
  expect(await lab.dumps()).toEqual(before.dumps)
  expect(homes(await lab.trees(), from)).toEqual(before.homes)
  const seconds = [(there - began) / 1000, (home - turned) / 1000] as const
  return { up: up.code === 0, back: back.code === 0, seconds, asBefore: true }
}

/** Each host answers as that version, and each gateway for all APIs of its environment. */
async function serves(
  lab: FleetLab,
  version: string,
  hosts: readonly Pick<LabHost, 'name' | 'groups' | 'environment'>[],
): Promise<void> {
  for (const { name, groups, environment } of hosts) {
    const { text } = await lab.get(name, 9763, '/services/Version')
    expect(text, name).toContain(`WSO2 API Manager-${version}`)
    if (!groups.some((group) => group.startsWith('gateway_'))) continue
    for (const api of sampleApis)
      expect((await lab.get(name, 8280, api.context)).status, `${name} ${api.context}`).toBe(
        isPublished(api, environment) ? 200 : 404,
      )
  }
}

/** The files of the old homes that a server does not write (it keeps its working copies of Subversion itself), and what old gateways share. */
function homes(trees: ReadonlyMap<string, string>, from: string): ReadonlyMap<string, string> {
  return new Map([
    ...[...stableHomes(trees, from)].filter(([name]) => !realCopies(from) || !name.includes('/.svn/')),
    ...[...trees].filter(([name]) => name.startsWith('export:')),
  ])
}

/** The same with a lab of a shape and a database that is made for it and ended, whatever happens. */
export async function wholeWay(way: {
  readonly from: OldVersion
  readonly shape: ShapeName
  readonly database: DatabaseName
  /** A loopback range of its own. */
  readonly range: string
}): Promise<void> {
  const lab = await fleetLab(way.range, way.from, '--shape', way.shape, '--database', way.database)
  try {
    await thereAndBack(lab, way.from, [], way.shape)
  } finally {
    await lab.end()
  }
}

/** Whether a release's servers check working copies out by themselves in the lab; those of 1.8 and 1.9 lie in the homes. */
const realCopies = (from: string) => from === '1.10.0' || from.startsWith('2.')
