import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { fastDirectory } from '../support/fast-directory.ts'
import { benchOf, dumpsAndRestores, questions, scripts } from './database/contract.ts'
import { faults, snapshots } from './database/faults.ts'
import { mysqlKit } from './database/mysql-kit.ts'

const dir = mkdtempSync(join(fastDirectory(), 'my-'))
afterAll(() => rmSync(dir, { recursive: true }))
const bench = benchOf(dir, mysqlKit)

dumpsAndRestores(bench)
questions(bench)
scripts(bench)
faults(bench)
snapshots(bench)
