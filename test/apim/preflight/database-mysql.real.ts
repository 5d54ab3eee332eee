import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { fastDirectory } from '../../support/fast-directory.ts'
import { startMariaDb } from '../../support/mariadb.ts'
import { databaseFindings, login } from './database-cases.ts'

const dir = mkdtempSync(join(fastDirectory(), 'pf-'))
afterAll(() => rmSync(dir, { recursive: true }))

databaseFindings(dir, async (at) => {
  const address = '127.126.1.1'
  const { port, root, session, stop } = await startMariaDb(at, address)
  root(
    `CREATE USER ${login.user}@'%' IDENTIFIED BY '${login.password}'; GRANT ALL ON *.* TO ${login.user}@'%'`,
  )
  return {
    db: {
      name: 'am_db',
      holds: ['apim'],
      engine: 'mysql',
      host: address,
      port,
      schema: 'am',
      user: login.user,
      password: login.secret,
    },
    bytes: 'LONGBLOB',
    fresh: () => void root('DROP DATABASE IF EXISTS am; CREATE DATABASE am'),
    run: (sql) => void root(`USE am; ${sql}`),
    session: () => {
      const child = session()
      child.stdin?.write('USE am;\n')
      return { end: () => child.stdin?.end() }
    },
    stop,
  }
})
