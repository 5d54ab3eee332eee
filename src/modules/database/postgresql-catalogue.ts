import { list } from './sql.ts'
import type { Catalogue } from './types.ts'

/** Schemas of the server's own. */
export const notOwn = (column: string): string => `${column} !~ '^pg_' AND ${column} <> 'information_schema'`

/** What an extension made belongs to it and not to the content. */
export const notOfExtension = (catalog: string, oid: string): string =>
  `NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`

// Elsewhere than in `public` a table is named with its schema, as a person writes it.
const tab = "CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END"

/** PostgreSQL's answers, each asked in the database that it is about. */
export function catalogue(literal: (text: string) => string): Catalogue {
  return {
    version: "SELECT current_setting('server_version') AS version",
    schemas: (names) =>
      `SELECT datname AS name, pg_encoding_to_char(encoding) AS charset, datcollate AS collation FROM pg_database WHERE datname IN ${list({ literal }, names)} ORDER BY 1`,
    tables: () =>
      `SELECT n.nspname AS schema, ${tab} AS tab, format('%I.%I', n.nspname, c.relname) AS ref, pg_table_size(c.oid) AS bytes, 0 AS outside FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') AND ${notOwn('n.nspname')} AND ${notOfExtension('pg_class', 'c.oid')} ORDER BY 1, 2`,
    columns: () =>
      `SELECT ${tab} AS tab, a.attname AS col, format_type(a.atttypid, a.atttypmod) AS type, CASE WHEN a.attnotnull THEN 0 ELSE 1 END AS nullable FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND ${notOwn('n.nspname')} ORDER BY 1, a.attnum`,
    sessions: (schemas) =>
      `SELECT COALESCE(usename, '?') AS who, COALESCE(host(client_addr), 'this machine or hidden') AS address, COALESCE(state, 'hidden') || CASE WHEN application_name = '' THEN '' ELSE ' in ' || application_name END AS doing, floor(extract(epoch FROM now() - backend_start))::bigint AS seconds FROM pg_stat_activity WHERE datname IN ${list({ literal }, schemas)} AND pid <> pg_backend_pid() AND COALESCE(backend_type, 'client backend') = 'client backend' ORDER BY pid`,
    needs: () =>
      `SELECT DISTINCT 'owner' AS kind, pg_get_userbyid(owner) AS name FROM (${owned}) AS o
UNION ALL SELECT DISTINCT 'creator', pg_get_userbyid(owner) FROM (${owned}) AS o WHERE namespace = 'public'
UNION ALL SELECT 'extension', extname::text FROM pg_extension WHERE extname <> 'plpgsql'
UNION ALL SELECT 'superuser', 'event trigger ' || evtname FROM pg_event_trigger e WHERE ${notOfExtension('pg_event_trigger', 'e.oid')}
UNION ALL SELECT 'superuser', 'publication ' || pubname FROM pg_publication WHERE puballtables`,
  }
}

/** Who owns what a wipe drops and a load makes: owner and the name of the schema. */
export const owned: string = [
  ...[
    ['pg_class', 'relowner', 'relnamespace'],
    ['pg_proc', 'proowner', 'pronamespace'],
    ['pg_type', 'typowner', 'typnamespace'],
    ['pg_collation', 'collowner', 'collnamespace'],
    ['pg_operator', 'oprowner', 'oprnamespace'],
  ].map(
    ([catalog = '', owner, namespace]) =>
      `SELECT c.${owner} AS owner, n.nspname AS namespace FROM ${catalog} c JOIN pg_namespace n ON n.oid = c.${namespace} WHERE ${notOwn('n.nspname')} AND ${notOfExtension(catalog, 'c.oid')}`,
  ),
  `SELECT n.nspowner, '' FROM pg_namespace n WHERE ${notOwn('n.nspname')} AND n.nspname <> 'public' AND ${notOfExtension('pg_namespace', 'n.oid')}`,
  "SELECT lomowner, '' FROM pg_largeobject_metadata",
].join(' UNION ALL ')
