import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as backup from '../../../src/modules/backup/index.ts'
import { localOn, perform } from '../../support/local-on.ts'
import { localPlace, sshPlace } from '../../support/places.ts'
import { type ChangeCase, changeContract } from '../contract.ts'

const made = new Map<string, backup.TreeBackup>()

async function prepared(dir: string, upon: boolean): Promise<void> {
  const path = join(dir, 'home')
  mkdirSync(join(path, 'in/side'), { recursive: true })
  writeFileSync(join(path, 'in/side', `it's "odd" \\ \n`), 'old')
  writeFileSync(join(path, 'gone'), 'gone')
  symlinkSync('in/side', join(path, 'link'))
  const local = await localOn(join(dir, 'here'))
  const input = { path, to: join(dir, 'backups') }
  const base = await perform(local, backup.tree({ ...input, name: 'base', ahead: upon }))
  const { out } = upon ? await perform(local, backup.tree({ ...input, name: 'home', base: base.out })) : base
  await local.close()
  made.set(dir, out)
  writeFileSync(join(path, 'since'), 'since')
}

const artefact = (dir: string): backup.TreeBackup => {
  const found = made.get(dir)
  if (found === undefined) throw new Error('there is no backup')
  return found
}

const cases: readonly ChangeCase[] = [
  {
    name: 'backup.restore of a tree over what is there',
    prepare: (dir) => prepared(dir, false),
    action: (dir) => backup.restore({ tree: artefact(dir), to: join(dir, 'home') }),
  },
  {
    name: 'backup.restore of changes under a new name',
    prepare: (dir) => prepared(dir, true),
    action: (dir) => backup.restore({ tree: artefact(dir), to: join(dir, 'new home') }),
  },
]

const copies: readonly ChangeCase[] = [
  {
    name: 'backup.copy into a second place',
    prepare: (dir) => prepared(dir, false).then(() => mkdirSync(join(dir, 'second'))),
    action: (dir) => backup.copy({ file: artefact(dir).file, to: join(dir, 'second') }),
    // Whether there is a proof; what it says, here and where the artefact lies; and what it proves, read whole.
    trips: 6,
  },
  {
    name: 'backup.copy from another host',
    prepare: (dir) => prepared(dir, false).then(() => mkdirSync(join(dir, 'second'))),
    action: (dir) => backup.copy({ file: artefact(dir).file, to: join(dir, 'second'), from: 'other' }),
    trips: 6,
  },
]

changeContract('backups, here', localPlace, [...cases, ...copies])
changeContract('backups, over SSH', () => sshPlace('127.123.2.1'), cases)
