import { describe, expect, test } from 'vitest'
import { engines } from '../../src/modules/database/engines.ts'
import { grantsOf, holdsPrivilege } from '../../src/modules/database/mysql-privileges.ts'
import { identifier, sql, sqlText } from '../../src/modules/database/sql.ts'

describe('grants of MySQL', () => {
  const grants = grantsOf([
    "GRANT PROCESS, SELECT ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*X'",
    'GRANT ALL PRIVILEGES ON `am\\_db`.* TO `u`@`%`',
    'GRANT INSERT, DROP ON `reg%`.* TO `u`@`%` WITH GRANT OPTION',
    'GRANT SELECT (`a`, `b`), UPDATE (`c`) ON `x`.`t` TO `u`@`%`',
    'GRANT CREATE ON `a``b`.* TO `u`@`%`',
    'GRANT `role` TO `u`@`%`',
    'REVOKE DROP ON `reg_no`.* FROM `u`@`%`',
  ])
  test.each([
    ['PROCESS', undefined, true],
    ['SUPER', undefined, false],
    ['DROP', 'am_db', true],
    ['DROP', 'amXdb', false],
    ['SELECT', 'amXdb', true],
    ['DROP', 'reg_db', true],
    ['DROP', 'reg_no', false],
    ['UPDATE', 'x', false],
    ['CREATE', 'a`b', true],
    ['CREATE', 'aXb', false],
  ] as const)('%s on %s: %s', (privilege, schema, held) => {
    expect(holdsPrivilege(grants, privilege, schema)).toBe(held)
  })
})

describe('a statement', () => {
  const asked = sql`SELECT ${identifier('a`"b')} FROM t WHERE x = ${"it's \\ x"} AND y = ${null} AND z = ${true} AND n = ${2}`
  test('is written as each engine quotes', () => {
    const [my, pg] = [engines.mysql, engines.postgresql]
    if (my.kind !== 'full' || pg.kind !== 'full') throw new Error('they are rehearsed')
    expect(sqlText(my, asked)).toBe(
      "SELECT `a``\"b` FROM t WHERE x = 'it''s \\\\ x' AND y = NULL AND z = TRUE AND n = 2",
    )
    expect(sqlText(pg, asked)).toBe(
      `SELECT "a\`""b" FROM t WHERE x = 'it''s \\ x' AND y = NULL AND z = TRUE AND n = 2`,
    )
    expect(() => sqlText(pg, sql`${'a\0'}`)).toThrow(/NUL/)
    expect(() => sqlText(pg, sql`${Number.NaN}`)).toThrow(/no number/)
    expect(() => sqlText(my, sql`${identifier('')}`)).toThrow(/empty/)
  })
})
