import { literal } from './mysql-text.ts'
import { list } from './sql.ts'
import type { Catalogue } from './types.ts'

/** MySQL's and MariaDB's answers about schemas, out of `information_schema`, which shows what the user may see. */
export const catalogue: Catalogue = {
  version: 'SELECT VERSION() AS version',
  schemas: (names) =>
    `SELECT schema_name AS name, default_character_set_name AS charset, default_collation_name AS collation FROM information_schema.schemata WHERE schema_name IN ${list({ literal }, names)} ORDER BY 1`,
  tables: (schema) =>
    `SELECT table_schema AS \`schema\`, table_name AS tab, CONCAT('\`', REPLACE(table_schema, '\`', '\`\`'), '\`.\`', REPLACE(table_name, '\`', '\`\`'), '\`') AS ref, COALESCE(data_length, 0) AS bytes, IF(engine = 'InnoDB', 0, 1) AS outside FROM information_schema.tables WHERE table_schema = ${literal(schema)} AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY table_name`,
  columns: (schema) =>
    `SELECT table_name AS tab, column_name AS col, column_type AS type, IF(is_nullable = 'YES', 1, 0) AS nullable FROM information_schema.columns WHERE table_schema = ${literal(schema)} ORDER BY table_name, ordinal_position`,
  sessions: (schemas) =>
    `SELECT user AS who, host AS address, command AS doing, time AS seconds FROM information_schema.processlist WHERE db IN ${list({ literal }, schemas)} AND id <> CONNECTION_ID() AND user NOT IN ('system user', 'event_scheduler') AND command NOT IN ('Daemon', 'Binlog Dump') ORDER BY id`,
  needs: (schema) =>
    [
      ...definers.map(
        ([from, of]) =>
          `SELECT 'owner' AS kind, definer AS name FROM information_schema.${from} WHERE ${of} = ${literal(schema)}`,
      ),
      `SELECT 'superuser', 'a function' FROM information_schema.routines WHERE routine_schema = ${literal(schema)} AND routine_type = 'FUNCTION'`,
      `SELECT 'superuser', 'a trigger' FROM information_schema.triggers WHERE trigger_schema = ${literal(schema)}`,
    ].join(' UNION '),
}

const definers = [
  ['views', 'table_schema'],
  ['routines', 'routine_schema'],
  ['triggers', 'trigger_schema'],
  ['events', 'event_schema'],
] as const
