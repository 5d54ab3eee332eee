import { afterAll, expect, test } from 'vitest'
import { type OldVersion, oldReleases } from '../../src/lab/pack/release.ts'
import { type DatabaseName, type ShapeName, shapeNames } from '../../src/lab/shapes.ts'
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
/** Every source in every shape: each source and each shape on both databases, so that all pairs of the three are there. */
const pairs: readonly Case[] = oldReleases.flatMap((from, row) =>
  shapeNames.map((shape, column) => ({
    from,
    shape,
    database: (row + column) % 2 === 0 ? ('mariadb' as const) : ('postgresql' as const),
  })),
)
// ROWS=2.6.0 shared,straight takes the rows whose names hold one of these.
const words = process.env['ROWS']?.split(',') ?? ['']
// BACK=manifests goes back by playbooks/rollback.ts, with the journals gone.
const by = process.env['BACK'] === 'manifests' ? 'manifests' : 'journal'
const cases: readonly Case[] = [
  ...pairs,
  // Straight, which the vendor has pages for.
  { ...usual, from: '2.0.0', via: '2.0.0' },
  { ...usual, from: '2.5.0', via: '2.5.0', database: 'postgresql' },
  { ...usual, from: '1.9.1', via: '2.0.0' },
  // In one hop to 2.6.0.
  { ...usual, from: '1.10.0', via: '1.10.0,2.6.0' },
]

const rows: string[] = []
const name = ({ from, via, shape, database }: Case) =>
  `${from}${via === undefined ? '' : ` straight from ${via}`} ${shape} on ${database}`
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

const chosen = cases
  .map((each, at) => [name(each), each, at] as const)
  .filter(([said]) => words.some((word) => said.includes(word)))

test.each(chosen)('from %s', async (_name, each, at) => {
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
    trip = await thereAndBack(lab, each.from, more, each.shape, by)
    expect(trip).toMatchObject({ up: true, back: true, asBefore: true })
  } finally {
    const line = row(each, trip)
    rows.push(line)
    console.log(line)
    await lab.end()
  }
})
