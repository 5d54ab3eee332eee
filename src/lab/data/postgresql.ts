/**
 * The lab's own SQL, which is written for MySQL, in the words of PostgreSQL. It knows the statements of this directory and of the
 * stand-in's clients, and no others; what is PostgreSQL's already stays as it is.
 */
export function inPostgreSql(sql: string): string {
  return rules.reduce<string>(
    (text, [from, to]) => text.replace(from, to as string),
    sql.replace(joined, update),
  )
}

const rules: readonly (readonly [RegExp, string | ((found: string, ...parts: string[]) => string)])[] = [
  [/, MySQL$/gm, ', PostgreSQL'],
  [/\)\s*ENGINE=InnoDB/g, ')'],
  [/\bINT (?:NOT NULL )?AUTO_INCREMENT\b/g, 'SERIAL'],
  [/ PRIMARY KEY FIRST\b/g, ' PRIMARY KEY'],
  [/\bTIMESTAMP NULL\b/g, 'TIMESTAMP'],
  [/\bDATETIME\b/g, 'TIMESTAMP'],
  [/\b(?:LONG)?BLOB\b/g, 'BYTEA'],
  [/\bTINYINT\(1\)/g, 'SMALLINT'],
  [/\bUUID\(\)/g, 'gen_random_uuid()::text'],
  [/\bSHA2\((\w+), 256\)/g, "encode(sha256($1::bytea), 'hex')"],
  [/\bSUBSTRING_INDEX\(/g, 'split_part('],
  [/\bMODIFY (\w+) (VARCHAR\(\d+\))(?: NOT NULL)?/g, 'ALTER COLUMN $1 TYPE $2'],
  [/ALTER TABLE (\w+) DROP PRIMARY KEY/g, (_, table) => `ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey`],
  [
    /DROP FOREIGN KEY IDN_OAUTH2_AUTHORIZATION_CODE_ibfk_1/g,
    'DROP CONSTRAINT idn_oauth2_authorization_code_consumer_key_fkey',
  ],
  [/\bDROP FOREIGN KEY\b/g, 'DROP CONSTRAINT'],
  [/INSERT IGNORE INTO ([^;]+);/g, 'INSERT INTO $1 ON CONFLICT DO NOTHING;'],
  [
    /DELETE L FROM REG_LOG L JOIN (\([^;]+\)) N\s+ON ([^;]+?) WHERE ([^;]+);/g,
    'DELETE FROM REG_LOG L USING $1 N WHERE $2 AND $3;',
  ],
  // A registry keeps its content as bytes.
  [/(\bSET REG_CONTENT_DATA = )('[^']*')/g, "$1convert_to($2, 'UTF8')"],
  [
    /(\bSET REG_CONTENT_DATA = )(REPLACE\()REG_CONTENT_DATA(, '[^']*', '[^']*'\))/g,
    "$1convert_to($2convert_from(REG_CONTENT_DATA, 'UTF8')$3, 'UTF8')",
  ],
  [/\bREG_CONTENT_DATA LIKE\b/g, "convert_from(REG_CONTENT_DATA, 'UTF8') LIKE"],
]

const joined = /UPDATE (\w+) (\w+) JOIN (\w+ \w+) ON ([^;]+?)\s+SET ([^;]+);/g

/** An update over a join: what is set is named without its table. */
function update(_: string, table: string, name: string, other: string, on: string, set: string): string {
  const plain = set.replaceAll(new RegExp(`\\b${name}\\.(\\w+) =`, 'g'), '$1 =')
  return `UPDATE ${table} ${name} SET ${plain} FROM ${other} WHERE ${on};`
}
