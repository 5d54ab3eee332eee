import { expect, test } from 'vitest'
import { artifactTrees } from '../../src/lab/artifacts.ts'
import { inPostgreSql } from '../../src/lab/data/postgresql.ts'
import { postgresqlSchemaSql, schemaSql } from '../../src/lab/data/schema.ts'
import { oldReleases } from '../../src/lab/pack/release.ts'
import { shapes } from '../../src/lab/shapes.ts'

test('the words of MySQL become those of PostgreSQL, and stay what they are then', () => {
  const pairs = [
    [
      'CREATE TABLE A (ID INT AUTO_INCREMENT PRIMARY KEY, B DATETIME, C LONGBLOB) ENGINE=InnoDB;',
      'CREATE TABLE A (ID SERIAL PRIMARY KEY, B TIMESTAMP, C BYTEA);',
    ],
    ['ALTER TABLE A MODIFY B VARCHAR(9) NOT NULL;', 'ALTER TABLE A ALTER COLUMN B TYPE VARCHAR(9);'],
    [
      'UPDATE A X JOIN B Y ON Y.K = X.K\n  SET X.V = Y.V, X.W = UUID();',
      'UPDATE A X SET V = Y.V, W = gen_random_uuid()::text FROM B Y WHERE Y.K = X.K;',
    ],
    ['INSERT IGNORE INTO A SELECT 1;', 'INSERT INTO A SELECT 1 ON CONFLICT DO NOTHING;'],
    [
      'ALTER TABLE T DROP PRIMARY KEY, DROP COLUMN C;',
      'ALTER TABLE T DROP CONSTRAINT T_pkey, DROP COLUMN C;',
    ],
  ] as const
  for (const [mysql, postgresql] of pairs) {
    expect(inPostgreSql(mysql)).toBe(postgresql)
    expect(inPostgreSql(postgresql)).toBe(postgresql)
  }
})

test('no script for PostgreSQL has a word of MySQL, and each engine has the scripts of the other', () => {
  const files = artifactTrees().flatMap(({ tree }) => Object.entries(tree))
  const texts = files.flatMap(([path, leaf]) =>
    /(^|\/)postgresql[^/]*\.sql$/.test(path) ? [[path, typeof leaf === 'string' ? leaf : '']] : [],
  )
  expect(texts.length).toBeGreaterThan(20)
  for (const release of oldReleases)
    texts.push([release, postgresqlSchemaSql(release, shapes.distributed.schemas, 'wso2am')])
  for (const [path, text] of texts)
    expect(text, path).not.toMatch(
      /ENGINE=|AUTO_INCREMENT|DATETIME|BLOB|DELIMITER|MODIFY|UUID\(\)|SUBSTRING_INDEX|IGNORE|FOREIGN_KEY_CHECKS|UPDATE \w+ \w+ JOIN|`/,
    )
  const names = (engine: string) =>
    files.flatMap(([path]) => {
      const name = path.replace(new RegExp(`(^|/)${engine}([^/]*\\.sql)$`), '$1*$2')
      return name === path || path.includes('wso2am-') || path.includes('constraint/') ? [] : [name]
    })
  expect(names('postgresql').filter((name) => !names('mysql').includes(name))).toEqual([])
  expect(
    names('mysql')
      .filter((name) => !names('postgresql').includes(name))
      .filter((name) => !name.includes('timestamp')),
  ).toEqual([])
})

test('a shape with one schema has all tables in it', () => {
  const sql = schemaSql('1.9.1', shapes['all-in-one'].schemas)
  expect([...sql.matchAll(/^USE (\w+);/gm)].map(([, name]) => name)).toEqual(['wso2db', 'wso2db', 'wso2db'])
  expect(
    postgresqlSchemaSql('1.9.1', shapes['all-in-one'].schemas, 'wso2am').match(/CREATE DATABASE/g),
  ).toHaveLength(1)
})
