import { secret } from '../../../src/model/secret.ts'
import type { Database } from '../../../src/modules/database/types.ts'
import { startPostgreSql } from '../../support/postgresql.ts'
import { type Kit, standardPassword } from './kit.ts'

const schema = 'am-db_1'

const fresh = `
CREATE TABLE AM_API (id SERIAL PRIMARY KEY, t VARCHAR(40), b BYTEA, bits BIT(9), d DECIMAL(30,10), big BIGINT);
INSERT INTO AM_API (t, b, bits, d, big) VALUES ('é', '\\x00ff0a5c27', B'101010101', 12345678901234567890.0123456789, 9007199254740993), ('NULL', NULL, NULL, NULL, NULL), (NULL, '', B'000000000', -1, 7);
CREATE TABLE four (k TEXT PRIMARY KEY); INSERT INTO four VALUES ('😀 𝔘'), (E'tab\\tline\\nquote''"\\\\'), (E'\\\\.'), (E'\\r\\nunrestrict x');
CREATE TABLE "select" ("from" INT, "quo""te '\`" INT); CREATE INDEX "key" ON "select" ("from"); INSERT INTO "select" VALUES (1, 2);
CREATE TABLE "quo""te '\`" (a INT); INSERT INTO "quo""te '\`" VALUES (5);
CREATE TABLE child (id INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, api INT CONSTRAINT fk REFERENCES AM_API (id) ON DELETE CASCADE, up INT GENERATED ALWAYS AS (api + 1) STORED);
INSERT INTO child (api) VALUES (1); COMMENT ON TABLE child IS 'it''s';
CREATE TABLE nokey (a INT); INSERT INTO nokey VALUES (3), (1), (2);
CREATE TABLE parted (a INT) PARTITION BY LIST (a); CREATE TABLE part_1 PARTITION OF parted FOR VALUES IN (1); INSERT INTO parted VALUES (1);
CREATE SCHEMA "reg-1"; CREATE TABLE "reg-1".REG_LOG (id INT); INSERT INTO "reg-1".REG_LOG VALUES (9);
CREATE VIEW second AS SELECT a FROM nokey; CREATE VIEW a_first AS SELECT a FROM second;
CREATE MATERIALIZED VIEW kept AS SELECT a FROM nokey;
CREATE SEQUENCE seq START WITH 100; SELECT nextval('seq');
CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TYPE pair AS (a INT, b TEXT); CREATE DOMAIN positive AS INT CHECK (VALUE > 0);
CREATE FUNCTION tf() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN NEW.a := NEW.a + 0; RETURN NEW; END $$;
CREATE TRIGGER tr BEFORE INSERT ON nokey FOR EACH ROW EXECUTE FUNCTION tf();
CREATE FUNCTION f(x INT) RETURNS INT LANGUAGE sql AS $x$ SELECT x + 1; -- a comment
$x$;
CREATE PROCEDURE pr() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE AGGREGATE total (INT) (SFUNC = int4pl, STYPE = INT, INITCOND = '0');
CREATE OPERATOR @@@ (LEFTARG = INT, RIGHTARG = INT, FUNCTION = int4pl);
CREATE RULE no_delete AS ON DELETE TO four DO INSTEAD NOTHING;
CREATE STATISTICS st ON id, big FROM AM_API;
CREATE EXTENSION "uuid-ossp";
CREATE PUBLICATION pub FOR TABLE nokey;
GRANT SELECT ON four TO reader; ALTER TABLE "select" OWNER TO keeper;
SELECT lo_from_bytea(4711, '\\x0102');
`

const spoil = `
DROP TABLE nokey CASCADE; DROP PROCEDURE pr; CREATE TABLE extra (x INT); CREATE TABLE "ext""ra" (x INT);
UPDATE AM_API SET t = 'changed' WHERE id = 1; INSERT INTO AM_API (t) VALUES ('c'); CREATE FUNCTION g() RETURNS INT LANGUAGE sql AS 'SELECT 1'; CREATE VIEW w AS SELECT 1 AS one; SELECT nextval('seq');
CREATE SCHEMA late; CREATE TABLE late.extra (x INT); CREATE EXTENSION pgcrypto; CREATE TYPE colour AS ENUM ('red'); ALTER TABLE four ADD COLUMN more INT; DROP SCHEMA "reg-1" CASCADE; SELECT lo_create(4712);
CREATE PUBLICATION late_pub FOR TABLE four; CREATE AGGREGATE other (INT) (SFUNC = int4mul, STYPE = INT); CREATE COLLATION c (PROVIDER = libc, LOCALE = 'C'); CREATE TEXT SEARCH CONFIGURATION ts (COPY = simple)`

const own = "nspname !~ '^pg_' AND nspname <> 'information_schema'"
const content = `
SELECT 'column', n.nspname, relname, relkind, relowner::regrole, relacl, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON attrelid = c.oid LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum WHERE ${own} AND attnum > 0 AND NOT attisdropped ORDER BY 2, 3, attnum;
SELECT 'index', indexdef FROM pg_indexes WHERE schemaname !~ '^pg_' ORDER BY 2;
SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace::regnamespace::text !~ '^(pg_|information)' ORDER BY 2, 3;
SELECT 'view', schemaname, viewname, definition FROM pg_views WHERE schemaname !~ '^(pg_|information)' ORDER BY 2, 3;
SELECT 'routine', p.oid::regprocedure, prosrc, proowner::regrole FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE ${own} ORDER BY 2::text;
SELECT 'trigger', pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 2;
SELECT 'type', t.oid::regtype, typtype FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE ${own} ORDER BY 2::text;
SELECT 'enum', enumlabel FROM pg_enum ORDER BY enumtypid::regtype::text, enumsortorder;
SELECT 'rule', definition FROM pg_rules WHERE schemaname !~ '^(pg_|information)'; SELECT 'statistics', stxname FROM pg_statistic_ext;
SELECT 'operator', oprname FROM pg_operator JOIN pg_namespace n ON n.oid = oprnamespace WHERE ${own}; SELECT 'collation', collname FROM pg_collation JOIN pg_namespace n ON n.oid = collnamespace WHERE ${own};
SELECT 'extension', extname FROM pg_extension ORDER BY 2; SELECT 'publication', pubname FROM pg_publication ORDER BY 2; SELECT 'search', cfgname FROM pg_ts_config JOIN pg_namespace n ON n.oid = cfgnamespace WHERE ${own};
SELECT 'sequence', schemaname, sequencename, last_value FROM pg_sequences ORDER BY 2, 3; SELECT 'blob', oid, lo_get(oid) FROM pg_largeobject_metadata ORDER BY 2;
SELECT 'schema', nspname, nspowner::regrole, nspacl FROM pg_namespace n WHERE ${own} ORDER BY 2;
SELECT 'comment', description FROM pg_description WHERE objoid >= 16384 ORDER BY 2;
SELECT 'rows', table_schema, table_name, md5(query_to_xml(format('SELECT * FROM %I.%I AS t ORDER BY t::text', table_schema, table_name), true, false, '')::text) FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema !~ '^(pg_|information)' ORDER BY 2, 3;`

/** PostgreSQL of Debian. The user owns the databases and is no superuser, as a data source's should be. */
export async function postgresqlKit(dir: string, address = '127.117.1.2'): Promise<Kit> {
  const server = await startPostgreSql(dir, address)
  const make = (name: string, template = 'template0') => {
    server.root(
      `DROP DATABASE IF EXISTS "${name}" WITH (FORCE);\nCREATE DATABASE "${name}" OWNER wso2 TEMPLATE ${template};\n`,
    )
    if (template === 'template0') server.root('GRANT CREATE ON SCHEMA public TO keeper', name)
  }
  server.root(
    `CREATE ROLE reader; CREATE ROLE keeper; CREATE ROLE wso2 LOGIN PASSWORD '${standardPassword}' IN ROLE keeper; CREATE ROLE weak LOGIN PASSWORD '${standardPassword}'; GRANT pg_read_all_data TO weak; CREATE ROLE blind LOGIN PASSWORD '${standardPassword}'`,
  )
  const at = { host: address, port: server.port, password: secret('env:P') }
  const db: Database = { name: 'am_db', holds: ['apim'], engine: 'postgresql', schema, user: 'wso2', ...at }
  const asUser = (sql: string, name = schema) => server.root(`SET ROLE wso2;\n${sql}`, name)
  make('as_fresh')
  asUser(fresh, 'as_fresh')
  return {
    engine: 'postgresql',
    db,
    fresh() {
      server.root('DROP DATABASE IF EXISTS other WITH (FORCE)')
      server.root('DROP DATABASE IF EXISTS copy WITH (FORCE)')
      make(schema, 'as_fresh')
    },
    spoil: () => void asUser(spoil),
    content: () => server.root(content, schema).split('\n').sort().join('\n'),
    root: (sql, name = schema) => server.root(sql, name),
    session: (name = schema) => server.session(name),
    another(name) {
      make(name)
      return { ...db, name, schema: name }
    },
    weak: () => ({ db: { ...db, user: 'weak' }, lacks: /GRANT wso2 TO weak/ }),
    blind: () => ({ db: { ...db, user: 'blind' }, lacks: /GRANT SELECT ON public\.am_api TO blind/ }),
    big: (bytes) =>
      void asUser(
        `CREATE TABLE big (id INT PRIMARY KEY, b TEXT); INSERT INTO big SELECT i, (SELECT string_agg(md5(random()::text || n), '') FROM generate_series(1, 31) AS n WHERE i > 0) FROM generate_series(1, ${Math.ceil(bytes / 1000)}) AS i`,
      ),
    dumper: /pg_dump\0-w/,
    loader: /psql\0.*\0-1\0/,
    position: /^[0-9A-F]+\/[0-9A-F]+$/,
    charset: 'UTF8',
    stop: () => server.stop(),
  }
}
