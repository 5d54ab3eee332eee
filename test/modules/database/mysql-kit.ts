import { secret } from '../../../src/model/secret.ts'
import type { Database } from '../../../src/modules/database/types.ts'
import { startMariaDb } from '../../support/mariadb.ts'
import { escapedPassword, type Kit } from './kit.ts'

const schema = 'am-db_1'

const fresh = `
DROP DATABASE IF EXISTS \`${schema}\`; DROP DATABASE IF EXISTS \`other\`; DROP DATABASE IF EXISTS \`copy\`;
CREATE DATABASE \`${schema}\` CHARACTER SET latin1; USE \`${schema}\`;
CREATE TABLE AM_API (id INT AUTO_INCREMENT PRIMARY KEY, t VARCHAR(40), b BLOB, bits BIT(9), d DECIMAL(30,10), big BIGINT) AUTO_INCREMENT = 70;
INSERT INTO AM_API (t, b, bits, d, big) VALUES ('é', x'00ff0a5c27', b'101010101', 12345678901234567890.0123456789, 9007199254740993), ('NULL', NULL, NULL, NULL, NULL), (NULL, '', b'0', -1, 7);
CREATE TABLE four (k VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY) CHARACTER SET utf8mb4;
INSERT INTO four VALUES ('😀 𝔘'), ('tab\\tline\\nquote\\'"\\\\');
CREATE TABLE \`select\` (\`from\` INT, \`quo\`\`te '"\` INT, KEY \`key\` (\`from\`)); INSERT INTO \`select\` VALUES (1, 2);
CREATE TABLE \`quo\`\`te '"\` (a INT); INSERT INTO \`quo\`\`te '"\` VALUES (5);
CREATE TABLE child (id INT PRIMARY KEY, api INT, up INT AS (id + 1) STORED, CONSTRAINT fk FOREIGN KEY (api) REFERENCES AM_API (id) ON DELETE CASCADE) COMMENT 'it''s';
INSERT INTO child (id, api) VALUES (1, 70);
CREATE TABLE nokey (a INT); INSERT INTO nokey VALUES (3), (1), (2);
CREATE TABLE old (a INT) ENGINE = MyISAM; INSERT INTO old VALUES (1);
CREATE VIEW second AS SELECT a FROM nokey; CREATE VIEW a_first AS SELECT a FROM second;
CREATE DEFINER = somebody@localhost VIEW theirs AS SELECT 1 AS one;
CREATE SEQUENCE seq START WITH 100; SELECT NEXTVAL(seq);
DELIMITER //
CREATE TRIGGER tr BEFORE INSERT ON nokey FOR EACH ROW BEGIN SET NEW.a = NEW.a + 0; END //
CREATE PROCEDURE pr() BEGIN SELECT ';'; -- a comment
END //
CREATE FUNCTION f(x INT) RETURNS INT DETERMINISTIC RETURN x + 1 //
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM nokey; END //
DELIMITER ;
`

const spoil = `USE \`${schema}\`; DROP TABLE nokey; DROP PROCEDURE pr; DROP VIEW a_first; CREATE TABLE extra (x INT); CREATE TABLE \`ext\`\`ra\` (x INT);
UPDATE AM_API SET t = 'changed' WHERE id = 70; INSERT INTO AM_API (t) VALUES ('c'); CREATE FUNCTION g() RETURNS INT DETERMINISTIC RETURN 1; CREATE VIEW w AS SELECT 1; SELECT NEXTVAL(seq);
CREATE EVENT late ON SCHEDULE EVERY 1 DAY DO DELETE FROM extra; ALTER TABLE four ADD COLUMN more INT; ALTER DATABASE \`${schema}\` CHARACTER SET utf8mb4`

// A session of its own for what must be an outcome of all rows and definitions.
const content = `USE \`${schema}\`; SET group_concat_max_len = 1000000;
SELECT 'column', table_name, column_name, column_type, collation_name, extra, column_default FROM information_schema.columns WHERE table_schema = '${schema}' ORDER BY 2, ordinal_position;
SELECT 'index', table_name, index_name, GROUP_CONCAT(column_name ORDER BY seq_in_index) FROM information_schema.statistics WHERE table_schema = '${schema}' GROUP BY 2, 3 ORDER BY 2, 3;
SELECT 'table', table_name, engine, auto_increment, table_collation, table_comment FROM information_schema.tables WHERE table_schema = '${schema}' ORDER BY 2;
SELECT 'view', table_name, view_definition, definer FROM information_schema.views WHERE table_schema = '${schema}' ORDER BY 2;
SELECT 'routine', routine_name, routine_definition, definer, sql_mode FROM information_schema.routines WHERE routine_schema = '${schema}' ORDER BY 2;
SELECT 'trigger', trigger_name, action_statement, definer FROM information_schema.triggers WHERE trigger_schema = '${schema}' ORDER BY 2;
SELECT 'event', event_name, event_definition, interval_value, status FROM information_schema.events WHERE event_schema = '${schema}' ORDER BY 2;
SELECT 'schema', default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = '${schema}';
SELECT 'sequence', next_not_cached_value FROM seq;`

/** MariaDB of Debian. */
export async function mysqlKit(dir: string, address = '127.117.1.1'): Promise<Kit> {
  const maria = await startMariaDb(dir, address)
  const user = (name: string, grants: readonly string[]) =>
    maria.root(
      `CREATE OR REPLACE USER ${name}@'%' IDENTIFIED BY '${escapedPassword}'; ${grants.map((grant) => `GRANT ${grant} TO ${name}@'%'`).join('; ')}`,
    )
  user('wso2', ['ALL ON *.*'])
  const at = { host: address, port: maria.port, password: secret('env:P') }
  const db: Database = { name: 'am_db', holds: ['apim'], engine: 'mysql', schema, user: 'wso2', ...at }
  const tables = () =>
    maria
      .root(
        `SELECT CONCAT('\`', REPLACE(table_name, '\`', '\`\`'), '\`') FROM information_schema.tables WHERE table_schema = '${schema}' AND table_type = 'BASE TABLE' ORDER BY 1`,
      )
      .split('\n')
      .filter((name) => name !== '')
  return {
    engine: 'mysql',
    db,
    fresh: () => void maria.root(fresh),
    spoil: () => void maria.root(spoil),
    content: () =>
      maria.root(content) + maria.root(`USE \`${schema}\`; CHECKSUM TABLE ${tables().join(', ')}`),
    root: (sql, name = schema) => maria.root(`USE \`${name}\`; ${sql}`),
    session: (name = schema) => {
      const child = maria.session()
      child.stdin?.write(`USE \`${name}\`;\n`)
      return child
    },
    another(name) {
      maria.root(`DROP DATABASE IF EXISTS \`${name}\`; CREATE DATABASE \`${name}\``)
      return { ...db, name, schema: name }
    },
    weak() {
      user('weak', [
        `SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, SHOW VIEW, TRIGGER, EVENT ON \`am-db\\_1\`.*`,
      ])
      return { db: { ...db, user: 'weak' }, lacks: /GRANT .*DROP.* ON `am-db\\_1`\.\* TO 'weak'@'%'/ }
    },
    blind() {
      user('blind', [`SELECT ON \`am-db\\_1\`.*`])
      return { db: { ...db, user: 'blind' }, lacks: /GRANT SHOW VIEW, TRIGGER, EVENT, EXECUTE ON/ }
    },
    big: (bytes) =>
      void maria.root(
        `USE \`${schema}\`; CREATE TABLE big (id INT PRIMARY KEY, b BLOB); INSERT INTO big SELECT seq, RANDOM_BYTES(1000) FROM seq_1_to_${Math.ceil(bytes / 1000)}; ANALYZE TABLE big`,
      ),
    dumper: /mariadb-dump\0--defaults-extra/,
    loader: /\/mariadb\0.*--batch/,
    position: /^binary\.\d+:\d+$/,
    charset: 'latin1',
    stop: () => maria.stop(),
  }
}
