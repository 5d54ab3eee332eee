import { notOfExtension, notOwn, owned } from './postgresql-catalogue.ts'
import { list } from './sql.ts'
import type { Ask, Database, Need } from './types.ts'

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
const among = (names: readonly string[]) => list({ literal: quoted }, names)

/** What the user lacks, each as what a database administrator types or knows what to do about. */
export async function missing(ask: Ask, db: Database, need: Need): Promise<readonly string[]> {
  const each = await Promise.all(need.schemas.map((schema) => lacking(ask, db.user, schema, need)))
  return [...new Set(each.flat())]
}

async function lacking(ask: Ask, user: string, schema: string, need: Need): Promise<readonly string[]> {
  const asked = (sql: string) => ask(sql, schema)
  const names = async (sql: string) => (await asked(sql)).map(({ name }) => name ?? '')
  const superuser = (await names("SELECT current_setting('is_superuser') AS name"))[0] === 'on'
  if (superuser) return absentRoles(names, need)
  switch (need.to) {
    case 'dump':
      return names(
        `SELECT format('GRANT SELECT ON %I.%I TO %I', n.nspname, c.relname, current_user) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'S', 'm') AND ${notOwn('n.nspname')} AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')) ORDER BY 1 LIMIT 10`,
      )
    case 'fence':
      return [] // that a session is there is shown to everybody; only what it does is hidden
    case 'migrate':
      return [
        ...(await rights(names)),
        ...(await foreign(names)),
        ...(await names(
          `SELECT format('CREATE EXTENSION "%s", as a superuser in %I', e.name, current_database()) AS name FROM (${values(need.extensions)}) AS e(name) WHERE e.name <> '' AND NOT EXISTS (SELECT 1 FROM pg_extension x WHERE x.extname = e.name) AND NOT EXISTS (SELECT 1 FROM pg_available_extension_versions v WHERE v.name = e.name AND v.trusted)`,
        )),
      ]
    case 'restore':
      return [
        ...(await absentRoles(names, need)),
        ...(await rights(names)),
        ...(await foreign(names)),
        ...(await names(
          `SELECT format('GRANT %I TO %I', r.rolname, current_user) AS name FROM pg_roles r WHERE r.rolname IN ${among(need.needs.owners)} AND NOT pg_has_role(current_user, r.oid, 'MEMBER')`,
        )),
        ...(await names(
          `SELECT format('GRANT CREATE ON SCHEMA public TO %I', r.rolname) AS name FROM pg_roles r WHERE r.rolname IN ${among(need.needs.creators)} AND NOT has_schema_privilege(r.oid, 'public', 'CREATE')`,
        )),
        ...(await names(
          `SELECT format('DROP EXTENSION %I, as its owner %I: it came after the dump', e.extname, pg_get_userbyid(e.extowner)) AS name FROM pg_extension e WHERE e.extname <> 'plpgsql' AND e.extname NOT IN ${among(need.needs.extensions)} AND NOT pg_has_role(current_user, e.extowner, 'USAGE')`,
        )),
        ...(await names(
          `SELECT format('ALTER ROLE %I SUPERUSER: event trigger %I can be dropped by nobody else', current_user, evtname) AS name FROM pg_event_trigger e WHERE ${notOfExtension('pg_event_trigger', 'e.oid')}`,
        )),
        ...(need.needs.superuser
          ? [
              `ALTER ROLE "${user}" SUPERUSER: the dump of ${schema} has event triggers or publications of all tables`,
            ]
          : []),
      ]
  }
}

type Names = (sql: string) => Promise<readonly string[]>

const values = (names: readonly string[]) =>
  (names.length === 0 ? [''] : names).map((name) => `SELECT ${quoted(name)}`).join(' UNION ALL ')

/** Roles that own something in a dump, and are not on this server. */
async function absentRoles(names: Names, need: Need): Promise<readonly string[]> {
  if (need.to !== 'restore') return []
  return names(
    `SELECT format('CREATE ROLE %I: it owns something in the dump', o.name) AS name FROM (${values(need.needs.owners)}) AS o(name) WHERE o.name <> '' AND NOT EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = o.name)`,
  )
}

const rights = (names: Names) =>
  names(
    `SELECT format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user) AS name WHERE NOT has_database_privilege(current_database(), 'CREATE')
UNION ALL SELECT format('GRANT CREATE ON SCHEMA public TO %I', current_user) WHERE to_regnamespace('public') IS NOT NULL AND NOT has_schema_privilege('public', 'CREATE')`,
  )

/** Roles that own something in the database now, and that the user is no member of. */
const foreign = (names: Names) =>
  names(
    `SELECT DISTINCT format('GRANT %I TO %I', pg_get_userbyid(owner), current_user) AS name FROM (${owned}) AS o WHERE NOT pg_has_role(current_user, owner, 'USAGE') ORDER BY 1`,
  )
