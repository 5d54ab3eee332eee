import type { OldVersion } from '../pack/release.ts'
import type { Shape } from '../shapes.ts'
import { amSchema, tokenCount } from './am-schema.ts'
import { inPostgreSql } from './postgresql.ts'
import { amRows, regRows, umRows } from './rows.ts'
import { regSchema, umSchema } from './shared-schema.ts'

type Schemas = Shape['schemas']

const parts = (version: OldVersion, keystore?: string) => ({
  am: [amSchema(version), amRows(version, keystore), tokenCount.mysql],
  um: [umSchema(version), umRows(version, keystore)],
  reg: [regSchema, regRows(version)],
})

const kinds = ['am', 'um', 'reg'] as const

/** The schemas of a release's fleet with their sample rows, as one script for MariaDB's bootstrap; what has one name is one schema. With the thumbprint of a key store as a fleet has them that encrypts its tokens. */
export function schemaSql(version: OldVersion, schemas: Schemas, keystore?: string): string {
  return [
    'SET FOREIGN_KEY_CHECKS = 0;',
    ...kinds.flatMap((kind) => [
      `CREATE DATABASE IF NOT EXISTS ${schemas[kind]} CHARACTER SET utf8mb4;`,
      `USE ${schemas[kind]};`,
      marks,
      ...parts(version, keystore)[kind],
    ]),
  ].join('\n')
}

/** The same for psql of PostgreSQL, whose databases they are; all is `owner`'s. */
export function postgresqlSchemaSql(
  version: OldVersion,
  schemas: Schemas,
  owner: string,
  keystore?: string,
): string {
  const names = [...new Set(kinds.map((kind) => schemas[kind]))]
  return names
    .flatMap((name) => [
      `RESET ROLE;\nCREATE DATABASE ${name} OWNER ${owner} TEMPLATE template0;`,
      `\\connect ${name}`,
      `SET ROLE ${owner};`,
      inPostgreSql(marks),
      ...kinds
        .filter((kind) => schemas[kind] === name)
        .flatMap((kind) => [
          ...parts(version, keystore)
            [kind].filter((part) => part !== tokenCount.mysql)
            .map(inPostgreSql),
          ...(kind === 'am' ? [tokenCount.postgresql] : []),
        ]),
      countersOn,
    ])
    .join('\n')
}

/** Which steps of a migration were applied to this database: a step applied twice is a duplicate key. */
const marks = `CREATE TABLE IF NOT EXISTS LAB_APPLIED (STEP VARCHAR(100) NOT NULL PRIMARY KEY,
  AT TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) ENGINE=InnoDB;`

/** Rows that came with numbers of their own leave PostgreSQL's counters behind. */
const countersOn = `DO $$ DECLARE c RECORD; BEGIN
  FOR c IN SELECT table_name AS t, column_name AS k FROM information_schema.columns WHERE table_schema = 'public' AND column_default LIKE 'nextval(%' LOOP
    EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, %L), GREATEST((SELECT MAX(%I) FROM %I), 1))', c.t, c.k, c.k, c.t);
  END LOOP;
END $$;`
