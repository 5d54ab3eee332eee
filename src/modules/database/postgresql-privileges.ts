import { notOfExtension, notOwn, owned } from './postgresql-catalogue.ts'
import { list } from './sql.ts'
import type { Ask, Database, Need } from './types.ts'

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
const among = (names: readonly string[]) => list({ literal: quoted }, names)

/** What the user lacks, each as what a database administrator types or knows what to do about. */
export async function missing(ask: Ask, _db: Database, need: Need): Promise<readonly string[]> {
  const questions = questionsFor(need)
  if (questions.length === 0) return []
  const sql = questions.map((each) => `(${each})`).join(' UNION ALL ')
  const each = await Promise.all(need.schemas.map((schema) => ask(sql, schema)))
  return [...new Set(each.flat().map(({ name }) => name ?? ''))]
}

function questionsFor(need: Need): readonly string[] {
  switch (need.to) {
    case 'fence':
      return [] // that a session is there is shown to everybody; only what it does is hidden
    case 'dump':
      return [
        `SELECT format('GRANT SELECT ON %I.%I TO %I', n.nspname, c.relname, current_user) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'S', 'm') AND ${notOwn('n.nspname')} AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')) ORDER BY 1 LIMIT 10`,
      ]
    case 'migrate':
      return [
        ...rights,
        `SELECT format('CREATE EXTENSION "%s", as a superuser in %I', e.name, current_database()) AS name FROM (${values(need.extensions)}) AS e(name) WHERE e.name <> '' AND ${noSuperuser} AND NOT EXISTS (SELECT 1 FROM pg_extension x WHERE x.extname = e.name) AND NOT EXISTS (SELECT 1 FROM pg_available_extension_versions v WHERE v.name = e.name AND v.trusted)`,
      ]
    case 'restore': {
      const { owners, creators, extensions, superuser } = need.needs
      return [
        ...rights,
        `SELECT format('CREATE ROLE %I: it owns something in the dump', o.name) AS name FROM (${values(owners)}) AS o(name) WHERE o.name <> '' AND NOT EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = o.name)`,
        `SELECT format('GRANT %I TO %I', r.rolname, current_user) AS name FROM pg_roles r WHERE r.rolname IN ${among(owners)} AND NOT pg_has_role(current_user, r.oid, 'MEMBER')`,
        `SELECT format('GRANT CREATE ON SCHEMA public TO %I', r.rolname) AS name FROM pg_roles r WHERE r.rolname IN ${among(creators)} AND ${noSuperuser} AND NOT has_schema_privilege(r.oid, 'public', 'CREATE')`,
        `SELECT format('DROP EXTENSION %I, as its owner %I: it came after the dump', e.extname, pg_get_userbyid(e.extowner)) AS name FROM pg_extension e WHERE e.extname <> 'plpgsql' AND e.extname NOT IN ${among(extensions)} AND NOT pg_has_role(current_user, e.extowner, 'USAGE')`,
        `SELECT format('ALTER ROLE %I SUPERUSER: event trigger %I can be dropped by nobody else', current_user, evtname) AS name FROM pg_event_trigger e WHERE ${noSuperuser} AND ${notOfExtension('pg_event_trigger', 'e.oid')}`,
        `SELECT format('ALTER ROLE %I SUPERUSER: the dump has event triggers or publications of all tables', current_user) AS name WHERE ${superuser ? noSuperuser : 'false'}`,
      ]
    }
  }
}

const noSuperuser = "current_setting('is_superuser') <> 'on'"

const values = (names: readonly string[]) =>
  (names.length === 0 ? [''] : names).map((name) => `SELECT ${quoted(name)}`).join(' UNION ALL ')

/** To make and drop things in the database; and the roles that own something there, and that the user is no member of. */
const rights: readonly string[] = [
  "SELECT format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user) AS name WHERE NOT has_database_privilege(current_database(), 'CREATE')",
  "SELECT format('GRANT CREATE ON SCHEMA public TO %I', current_user) AS name WHERE to_regnamespace('public') IS NOT NULL AND NOT has_schema_privilege('public', 'CREATE')",
  `SELECT DISTINCT format('GRANT %I TO %I', pg_get_userbyid(owner), current_user) AS name FROM (${owned}) AS o WHERE NOT pg_has_role(current_user, owner, 'USAGE')`,
]
