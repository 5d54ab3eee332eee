import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { manifestText, parseManifest } from '../../../src/apim/manifest.ts'
import { secret } from '../../../src/model/secret.ts'
import { create } from '../../../src/modules/archives/create.ts'
import { unarchive } from '../../../src/modules/archives/unarchive.ts'
import * as backup from '../../../src/modules/backup/index.ts'
import * as database from '../../../src/modules/database/index.ts'
import * as svn from '../../../src/modules/svn/index.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'
import type { Kit } from '../database/kit.ts'
import { password } from '../database/kit.ts'
import { mysqlKit } from '../database/mysql-kit.ts'
import { postgresqlKit } from '../database/postgresql-kit.ts'
import {
  corpus,
  cutsOf,
  type Damage,
  damages,
  gzipBoundaries,
  lineBoundaries,
  svnBoundaries,
  tarBoundaries,
  zipBoundaries,
} from './damage.ts'

const seed = 20261123
const dir = mkdtempSync(join(fastDirectory(), 'corpus-'))
const to = join(dir, 'b')
const path = join(dir, 'home')
let local: LocalOn
let all = 0

beforeAll(async () => {
  local = await localOn(join(dir, 'here'), () => password)
  mkdirSync(join(path, 'lib/deep'), { recursive: true })
  for (let at = 0; at < 12; at++) writeFileSync(join(path, `lib/file ${at}`), `${at}\n`.repeat(at * 97))
  writeFileSync(join(path, 'lib/deep', `n${'a'.repeat(140)}me`), 'long')
  mkdirSync(to)
  // The server of PostgreSQL is another user.
  chmodSync(dir, 0o755)
})
afterAll(async () => {
  process.stdout.write(`${all} damaged artefacts in all, none of which was accepted (seed ${seed})\n`)
  await local.close()
  rmSync(dir, { recursive: true })
})

/** Tries all damages of a file that bears something; each must be refused, and the whole one taken. */
async function mustRefuse(
  kind: string,
  file: string,
  boundaries: (whole: Buffer) => readonly number[],
  accepts: () => Promise<unknown>,
  more: readonly Damage[] = [],
): Promise<void> {
  const whole = readFileSync(file)
  const cuts = cutsOf(whole.length, boundaries(whole), seed)
  await accepts()
  const { tried, accepted } = await corpus(file, [...damages(whole, cuts, seed), ...more], accepts)
  await accepts()
  all += tried
  process.stdout.write(`${kind}: ${tried} damaged, ${accepted.length} accepted\n`)
  expect(accepted, kind).toEqual([])
  expect(tried).toBeGreaterThan(90)
}

/** What it holds cut at each boundary, and packed again so that gzip has nothing to say. */
const repacked = (file: string, boundaries: (plain: Buffer) => readonly number[]): readonly Damage[] => {
  const plain = gunzipSync(readFileSync(file))
  return cutsOf(plain.length, boundaries(plain), seed).map((at) => ({
    what: `its content cut at ${at} of ${plain.length}, and packed again`,
    bytes: gzipSync(plain.subarray(0, at)),
  }))
}

/** An artefact, and all that lies beside it and bears it. */
async function artefact(kind: string, file: string, boundaries: (plain: Buffer) => readonly number[]) {
  const accepts = () => perform(local, backup.verify({ file }))
  await mustRefuse(kind, file, gzipBoundaries, accepts, repacked(file, boundaries))
  await mustRefuse(`${kind}, its proof`, `${file}.proof`, lineBoundaries, accepts)
}

test('a tree', async () => {
  const { out } = await perform(local, backup.tree({ path, to, name: 'whole' }))
  await artefact('tree', out.file, tarBoundaries)
  const accepts = () => perform(local, backup.verify({ file: out.file }))
  await mustRefuse('tree, its list', `${out.file}.list`, lineBoundaries, accepts)
})

test('a tree upon a part made ahead of time', async () => {
  const base = await perform(local, backup.tree({ path, to, name: 'ahead', ahead: true }))
  rmSync(join(path, 'lib/file 3'))
  writeFileSync(join(path, 'lib/file 4'), 'changed')
  const { out } = await perform(local, backup.tree({ path, to, name: 'upon', base: base.out }))
  await artefact('changes of a tree', out.file, tarBoundaries)
  const accepts = () => perform(local, backup.verify({ file: out.file }))
  await mustRefuse('changes of a tree, their base', base.out.file, gzipBoundaries, accepts)
  await mustRefuse(
    'changes of a tree, the list of the base',
    `${base.out.file}.list`,
    lineBoundaries,
    accepts,
  )
  const again = join(dir, 'again')
  const restores = () => perform(local, backup.restore({ tree: out, to: again }))
  const whole = readFileSync(out.file)
  const { tried, accepted } = await corpus(
    out.file,
    damages(whole, [0, whole.length >> 1, whole.length - 1], seed),
    restores,
  )
  expect([tried, accepted]).toEqual([6, []])
  expect(readdirSync(dir).filter((name) => /again|upgrade-fleet/.test(name))).toEqual([])
  await restores()
})

test.each(['zip', 'tar', 'tar.gz', 'tar.zst'] as const)('an archive (%s)', async (format) => {
  const dest = join(dir, `a.${format}`)
  const made = await perform(local, create({ path, dest }))
  const bounds = {
    zip: zipBoundaries,
    tar: tarBoundaries,
    'tar.gz': gzipBoundaries,
    'tar.zst': () => [4, 5, 6],
  }
  let at = 0
  await mustRefuse(format, dest, bounds[format], () =>
    perform(local, unarchive({ src: dest, sha256: made.out.sha256, dest: join(dir, `${format} ${++at}`) })),
  )
})

test.each([
  ['MariaDB', () => mysqlKit(join(dir, 'm'), '127.123.1.1')],
  ['PostgreSQL', () => postgresqlKit(join(dir, 'p'), '127.123.1.2')],
])('a dump of %s', async (kind, start) => {
  const kit: Kit = await start()
  try {
    kit.fresh()
    const { out } = await perform(local, database.dump({ db: kit.db, to, name: kind }))
    await artefact(kind, out.file, lineBoundaries)
  } finally {
    await kit.stop()
  }
})

test('a dump of Subversion', async () => {
  const repository = join(dir, 'repository')
  execFileSync('svnadmin', ['create', repository])
  const url = `file://${repository}`
  for (const folder of ['one', 'two'])
    execFileSync('svn', ['import', '-q', '--non-interactive', '-m', 'x', path, `${url}/${folder}`])
  const { out } = await perform(
    local,
    svn.dump({
      repository: { url, user: 'u', password: secret('env:P') },
      to,
      name: 'svn',
      path: repository,
    }),
  )
  await artefact('Subversion', out.file, svnBoundaries)
})

test('a manifest of backups', async () => {
  const file = join(dir, 'manifest.json')
  writeFileSync(
    file,
    manifestText({
      format: 1,
      run: 'r',
      host: 'h',
      server: null,
      was: { ran: false, flags: [], java: null } as never,
      home: { file: 'f', sha256: 's', entries: 1, bytes: 2 } as never,
      newHomes: ['/a', '/b'],
      dumps: [],
    }),
  )
  await mustRefuse('manifest', file, lineBoundaries, async () => parseManifest(readFileSync(file, 'utf8')))
})

/** A program of the machine that leaves so many bytes of the end of its output away, and is content. */
function lying(program: string, bytes: number): string {
  const bin = mkdtempSync(join(dir, 'lying-'))
  const real = execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim()
  const text = `#!/bin/sh
case "$*" in *--help*|*--version*|*-dvf*) exec ${real} "$@" ;; esac
${real} "$@" | head -c -${bytes}
`
  writeFileSync(join(bin, program), text, { mode: 0o755 })
  return bin
}

/** A machine on which such a program is found first. */
async function lied(program: string, bytes: number, work: (there: LocalOn) => Promise<unknown>) {
  const before = process.env['PATH']
  process.env['PATH'] = `${lying(program, bytes)}:${before}`
  const there = await localOn(join(dir, 'there'), () => password)
  try {
    return await work(there).then(
      () => 'accepted',
      (error: unknown) => String(error),
    )
  } finally {
    process.env['PATH'] = before
    await there.close()
  }
}

const left = (name: string) => readdirSync(join(to, 'run-1')).filter((each) => each.startsWith(name))

test('a program that leaves the end away and says nothing is found out, and nothing is left', async () => {
  for (const bytes of [11_000, 20_000]) {
    const said = await lied('tar', bytes, (there) => perform(there, backup.tree({ path, to, name: 'lied' })))
    expect(said).toMatch(/backup on here exited \d/)
    expect(left('lied')).toEqual([])
  }
  const kit = await mysqlKit(join(dir, 'm'), '127.123.1.1')
  try {
    kit.fresh()
    const dump = { db: kit.db, to, name: 'lied' }
    for (const bytes of [4, 100, 3000])
      expect(
        await lied('mariadb-dump', bytes, (there) => perform(there, database.dump(dump))),
        `${bytes}`,
      ).toMatch(/dump on here exited 4/)
    expect(left('lied')).toEqual([])
  } finally {
    await kit.stop()
  }
})
