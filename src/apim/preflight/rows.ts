import { observe } from '../../model/action.ts'
import type { Database } from '../../modules/database/types.ts'
import { type Finding, finding, tell } from './finding.ts'
import { columns, counted, questions } from './question.ts'

/** More rows than the heap of a pack as it is (1 GiB) is known to take: a number of ours. */
const mostTokens = 500_000

/** What in the tokens and keys of a 1.x schema ends the identity client in its middle; how many rows the clients read at once. */
export const tokens = observe(
  'apim.tokens',
  async (on, { db, accepted }: { db: Database; accepted: readonly string[] }) => {
    const ask = questions(on, db)
    const has = await columns(on, db, [
      'IDN_OAUTH2_ACCESS_TOKEN.TOKEN_SCOPE',
      'IDN_OAUTH2_ACCESS_TOKEN.ACCESS_TOKEN',
      'IDN_OAUTH_CONSUMER_APPS.CONSUMER_KEY',
    ])
    const nulls = has.has('IDN_OAUTH2_ACCESS_TOKEN.TOKEN_SCOPE')
      ? await counted(ask, 'SELECT COUNT(*) AS n FROM IDN_OAUTH2_ACCESS_TOKEN WHERE TOKEN_SCOPE IS NULL')
      : 0
    const rows = has.has('IDN_OAUTH2_ACCESS_TOKEN.ACCESS_TOKEN')
      ? await counted(ask, 'SELECT COUNT(*) AS n FROM IDN_OAUTH2_ACCESS_TOKEN')
      : 0
    const keys = await ask(
      db.engine === 'mysql'
        ? "SELECT DISTINCT table_name AS v FROM information_schema.key_column_usage WHERE referenced_table_schema = DATABASE() AND UPPER(referenced_table_name) = 'IDN_OAUTH_CONSUMER_APPS' ORDER BY 1"
        : "SELECT DISTINCT conrelid::regclass::text AS v FROM pg_constraint WHERE contype = 'f' AND confrelid = to_regclass('idn_oauth_consumer_apps') ORDER BY 1",
    )
    return tell(
      on,
      `tokens of ${db.name}`,
      tokenProblems(db.name, { nulls, rows, keys: keys.flatMap(({ v }) => v ?? []) }),
      accepted,
    )
  },
  { steady: () => null },
)

/** What is against the tokens: rows without a scope, all rows, and the tables with a foreign key on the consumer apps. */
export function tokenProblems(
  name: string,
  { nulls, rows, keys }: { readonly nulls: number; readonly rows: number; readonly keys: readonly string[] },
  most = mostTokens,
): readonly Finding[] {
  const foreign = keys.filter((table) => !/^(IDN|SP|AM)_/i.test(table))
  return [
    ...(nulls > 0
      ? [
          finding(
            'token-scope-null',
            `${name}: ${nulls} tokens have no TOKEN_SCOPE`,
            "UPDATE IDN_OAUTH2_ACCESS_TOKEN SET TOKEN_SCOPE = 'default' WHERE TOKEN_SCOPE IS NULL, or delete them if they are not ACTIVE",
          ),
        ]
      : []),
    ...(rows > most
      ? [
          finding(
            'token-heap',
            `${name} has ${rows} tokens, which a client reads into memory at once`,
            'clean up what is not ACTIVE, and rehearse with the heap of the migration host',
          ),
        ]
      : []),
    ...foreign.map((table) =>
      finding(
        'foreign-key',
        `${name}: ${table} has a foreign key on IDN_OAUTH_CONSUMER_APPS, whose primary key changes`,
        'drop that key for the time of the upgrade',
      ),
    ),
  ]
}

/** Tiers of 1.x with a space in their names. */
export const tiers = observe('apim.tiers', async (on, { db }: { db: Database }) => {
  const places = [
    ['AM_SUBSCRIPTION', 'TIER_ID'],
    ['AM_APPLICATION', 'APPLICATION_TIER'],
    ['AM_POLICY_SUBSCRIPTION', 'NAME'],
    ['AM_POLICY_APPLICATION', 'NAME'],
  ] as const
  const has = await columns(
    on,
    db,
    places.map((place) => place.join('.')),
  )
  const there = places.filter((place) => has.has(place.join('.')))
  if (there.length === 0) return { warnings: [] }
  const rows = await questions(
    on,
    db,
  )(
    there
      .map(([table, column]) => `SELECT DISTINCT ${column} AS v FROM ${table} WHERE ${column} LIKE '% %'`)
      .join(' UNION '),
  )
  return tell(
    on,
    `tiers of ${db.name}`,
    rows.map(({ v }) =>
      finding(
        'tier-space',
        `${db.name}: the tier "${v}" has a space in its name`,
        'rename it, in the tiers of the registry and in the rows that use it',
      ),
    ),
  )
})

/** Permissions that are there twice. */
export const permissions = observe('apim.permissions', async (on, { db }: { db: Database }) => {
  const names = ['UM_RESOURCE_ID', 'UM_ACTION', 'UM_TENANT_ID']
  const has = await columns(
    on,
    db,
    names.map((name) => `UM_PERMISSION.${name}`),
  )
  if (has.size < names.length) return { warnings: [] }
  const by = names.join(', ')
  const twice = await counted(
    questions(on, db),
    `SELECT COUNT(*) AS n FROM (SELECT ${by} FROM UM_PERMISSION GROUP BY ${by} HAVING COUNT(*) > 1) doubled`,
  )
  return tell(
    on,
    `permissions of ${db.name}`,
    twice === 0
      ? []
      : [
          finding(
            'permission-twice',
            `${db.name}: ${twice} permissions are there more than once`,
            `keep one row of each: SELECT ${by}, COUNT(*) FROM UM_PERMISSION GROUP BY ${by} HAVING COUNT(*) > 1; roles and users that name the others (UM_ROLE_PERMISSION, UM_USER_PERMISSION) have to name the one that stays`,
          ),
        ],
  )
})

/** Documents of APIs without a summary. Their content is XML in the registry, whose shape is not verified. */
export const documents = observe('apim.documents', async (on, { db }: { db: Database }) => {
  const has = await columns(on, db, [
    'REG_RESOURCE.REG_MEDIA_TYPE',
    'REG_RESOURCE.REG_CONTENT_ID',
    'REG_CONTENT.REG_CONTENT_DATA',
  ])
  if (has.size < 3) return { warnings: [] }
  const without =
    db.engine === 'mysql'
      ? "CONVERT(c.REG_CONTENT_DATA USING utf8mb4) NOT REGEXP '<summary>[^<]'"
      : "encode(c.REG_CONTENT_DATA, 'escape') !~ '<summary>[^<]'"
  const missing = await counted(
    questions(on, db),
    `SELECT COUNT(*) AS n FROM REG_RESOURCE r JOIN REG_CONTENT c ON r.REG_CONTENT_ID = c.REG_CONTENT_ID WHERE r.REG_MEDIA_TYPE = 'application/vnd.wso2-document+xml' AND ${without}`,
  )
  return tell(
    on,
    `documents of ${db.name}`,
    missing === 0
      ? []
      : [
          finding(
            'summary-missing',
            `${db.name}: ${missing} documents of APIs have no summary`,
            'write one in the publisher of the old version',
          ),
        ],
  )
})
