import { notOfExtension, notOwn } from './postgresql-catalogue.ts'

/**
 * SQL that empties a database but for the extensions that are to stay, within the transaction that loads a dump. The schema
 * `public` itself stays too, with the rights on it, since a dump takes it for given.
 */
export function wipe(extensions: readonly string[]): string {
  const kept = extensions.length === 0 ? "('')" : `(${extensions.join(', ')})`
  return `SET client_min_messages = warning;
SET lock_timeout = '60s';
DO $wipe$
DECLARE r record;
BEGIN
  FOR r IN SELECT evtname AS name FROM pg_event_trigger e WHERE ${notOfExtension('pg_event_trigger', 'e.oid')} LOOP
    EXECUTE format('DROP EVENT TRIGGER %I', r.name);
  END LOOP;
  FOR r IN SELECT pubname AS name FROM pg_publication LOOP
    EXECUTE format('DROP PUBLICATION %I', r.name);
  END LOOP;
  FOR r IN SELECT extname AS name FROM pg_extension WHERE extname <> 'plpgsql' AND extname NOT IN ${kept} LOOP
    EXECUTE format('DROP EXTENSION IF EXISTS %I CASCADE', r.name);
  END LOOP;
  FOR r IN SELECT srvname AS name FROM pg_foreign_server LOOP
    EXECUTE format('DROP SERVER IF EXISTS %I CASCADE', r.name);
  END LOOP;
  FOR r IN SELECT nspname AS name FROM pg_namespace n WHERE ${notOwn('nspname')} AND nspname <> 'public' AND ${notOfExtension('pg_namespace', 'n.oid')} LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', r.name);
  END LOOP;
  FOR r IN
    SELECT d.classid, d.objid FROM pg_depend d
    WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = 'public'::regnamespace AND d.deptype = 'n'
    AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND (e.deptype = 'e' OR e.deptype = 'i' AND e.objsubid = 0 AND e.refobjid <> e.objid))
    ORDER BY d.classid, d.objid
  LOOP
    DECLARE what text; name text;
    BEGIN
      SELECT i.type, i.identity INTO what, name FROM pg_identify_object(r.classid, r.objid, 0) AS i;
      CONTINUE WHEN name IS NULL OR what IN ('default acl', 'trigger', 'rule');
      what := CASE what WHEN 'composite type' THEN 'type' WHEN 'statistics object' THEN 'statistics' ELSE what END;
      EXECUTE format('DROP %s IF EXISTS %s CASCADE', what, name);
    END;
  END LOOP;
  FOR r IN SELECT oid FROM pg_largeobject_metadata LOOP
    PERFORM lo_unlink(r.oid);
  END LOOP;
END
$wipe$;
RESET client_min_messages;
RESET lock_timeout;
`
}
