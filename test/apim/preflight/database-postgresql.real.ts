import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { fastDirectory } from '../../support/fast-directory.ts'
import { startPostgreSql } from '../../support/postgresql.ts'
import { databaseFindings, login } from './database-cases.ts'

const dir = mkdtempSync(join(fastDirectory(), 'pf-'))
// The server runs as another user, who has to pass.
chmodSync(dir, 0o755)
afterAll(() => rmSync(dir, { recursive: true }))

databaseFindings(dir, async (at) => {
  const address = '127.126.1.2'
  const { port, root, session, stop } = await startPostgreSql(at, address)
  root(
    `CREATE ROLE ${login.user} LOGIN PASSWORD '${login.password}'; GRANT pg_read_all_stats TO ${login.user}`,
  )
  return {
    db: {
      name: 'am_db',
      holds: ['apim'],
      engine: 'postgresql',
      host: address,
      port,
      schema: 'am',
      user: login.user,
      password: login.secret,
    },
    bytes: 'BYTEA',
    fresh() {
      root('DROP DATABASE IF EXISTS am WITH (FORCE)')
      root(`CREATE DATABASE am OWNER ${login.user} TEMPLATE template0`)
    },
    run: (sql) => void root(`SET ROLE ${login.user};\n${sql}`, 'am'),
    session: () => {
      const child = session('am')
      child.stdin?.write('SELECT 1;\n')
      return { end: () => child.stdin?.end() }
    },
    stop,
  }
})
