import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { fastDirectory } from '../support/fast-directory.ts'
import { benchOf, dumpsAndRestores, questions, scripts } from './database/contract.ts'
import { faults, snapshots } from './database/faults.ts'
import { postgresqlKit } from './database/postgresql-kit.ts'

const dir = mkdtempSync(join(fastDirectory(), 'pg-'))
// The server runs as another user, who has to pass.
chmodSync(dir, 0o755)
afterAll(() => rmSync(dir, { recursive: true }))
const bench = benchOf(dir, postgresqlKit)

dumpsAndRestores(bench)
questions(bench)
scripts(bench)
faults(bench)
snapshots(bench)
