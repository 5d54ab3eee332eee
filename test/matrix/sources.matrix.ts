import { afterAll, expect, test } from 'vitest'
import { type OldVersion, oldReleases } from '../../src/lab/pack/release.ts'
import type { DatabaseName, ShapeName } from '../../src/lab/shapes.ts'
import { fleetLab } from '../support/fleet.ts'
import { type Trip, thereAndBack } from '../support/there-and-back.ts'

/** A fleet to begin with, and what of the way is asked for. */
interface Case {
  readonly from: OldVersion
  readonly database: DatabaseName
  readonly shape: ShapeName
  readonly via?: string
}

const usual = { database: 'mariadb', shape: 'distributed' } as const
const cases: readonly Case[] = [
  ...oldReleases.map((from) => ({ ...usual, from })),
  // Straight, which the vendor has pages for.
  ...(['2.0.0', '2.5.0'] as const).map((from) => ({ ...usual, from, via: from })),
  { ...usual, from: '1.9.1', via: '2.0.0' },
  // One server of all roles on MariaDB is in test/e2e.
  { from: '1.9.1', shape: 'all-in-one', database: 'postgresql' },
  { from: '1.9.1', shape: 'distributed', database: 'postgresql' },
  { from: '1.9.1', shape: 'two-active', database: 'mariadb' },
  { from: '1.9.1', shape: 'shared', database: 'mariadb' },
  { from: '1.9.1', shape: 'two-homes', database: 'mariadb' },
  { from: '2.6.0', shape: 'two-homes', database: 'mariadb' },
]

const rows: string[] = []
const name = ({ from, via, shape, database }: Case) =>
  [
    from,
    ...(via === undefined ? [] : ['via', via]),
    ...(shape === usual.shape && database === usual.database ? [] : [shape, 'on', database]),
  ].join(' ')
const source = ({ from, via }: Case) => (via === undefined ? from : `${from} via ${via}`)
const row = (each: Case, trip: Trip | undefined) =>
  [
    source(each).padEnd(18),
    each.database.padEnd(10),
    each.shape.padEnd(11),
    ...(trip === undefined
      ? ['FAILED']
      : [
          trip.up ? 'up' : 'FAILED',
          `${trip.seconds[0].toFixed(0)} s`.padStart(6),
          trip.back ? 'back' : 'FAILED',
          `${trip.seconds[1].toFixed(0)} s`.padStart(6),
          trip.asBefore ? 'as before' : 'DIFFERS',
        ]),
  ].join('  ')

afterAll(() => {
  const well = rows.filter((text) => text.endsWith('as before')).length
  const title = ['source', 'database', 'shape', 'to 3.0.0 and back']
  const head = [18, 10, 11, 0].map((width, at) => (title[at] ?? '').padEnd(width)).join('  ')
  console.log(
    [head, ...rows, `${well} of ${rows.length} taken to 3.0.0 and brought back as before`].join('\n'),
  )
})

test.each(cases.map((each, at) => [name(each), each, at] as const))('from %s', async (_name, each, at) => {
  const lab = await fleetLab(
    `127.133.${100 + at}`,
    each.from,
    '--shape',
    each.shape,
    '--database',
    each.database,
  )
  let trip: Trip | undefined
  try {
    const more = each.via === undefined ? [] : ['-e', `via=${each.via}`]
    trip = await thereAndBack(lab, each.from, more, each.shape)
    expect(trip).toMatchObject({ up: true, back: true, asBefore: true })
  } finally {
    const line = row(each, trip)
    rows.push(line)
    console.log(line)
    await lab.end()
  }
})
