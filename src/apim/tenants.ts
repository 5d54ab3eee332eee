import semver from 'semver'
import { observe } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'
import { asker } from '../modules/database/ask.ts'
import type { Database } from '../modules/database/types.ts'
import type { Checked } from './business.ts'
import { type Finding, finding, tell } from './preflight/finding.ts'
import { releaseOf } from './releases.ts'

/** A tenant beside the super tenant. */
export type Tenant = { readonly id: string; readonly domain: string; readonly active: boolean }

type Input = { readonly db: Database }

async function tenantsOf(ask: ReturnType<typeof asker>, { schema }: Database): Promise<readonly Tenant[]> {
  const rows = await ask(
    'SELECT UM_ID AS i, UM_DOMAIN_NAME AS d, UM_ACTIVE AS a FROM UM_TENANT ORDER BY UM_ID',
    schema,
  )
  return rows.map(({ i, d, a }) => ({ id: i ?? '', domain: d ?? '', active: a === '1' || a === 't' }))
}

type Asked = {
  /** What the inventory says of tenants that are not active. */
  readonly inactive?: string | undefined
  /** The tenants that the inventory's checks need. */
  readonly checked: readonly Checked[]
}

/** The tenants, whether it is decided what becomes of those that are not active, and whether the checks need one of these. */
export const tenants = observe(
  'apim.tenants',
  async (on, { db, inactive, checked, accepted }: Input & Asked & { accepted: readonly string[] }) => {
    const all = await tenantsOf(asker(on, db), db)
    tell(on, `tenants of ${db.name}`, tenantProblems(db.name, all, { inactive, checked }), accepted)
    return { tenants: all }
  },
  { steady: () => null },
)

/** What is against the tenants of a user database, by its name. The super tenant is in no row, and always active. */
export function tenantProblems(
  name: string,
  all: readonly Tenant[],
  { inactive, checked }: Asked,
): readonly Finding[] {
  const idle = all.filter(({ active }) => !active).map(({ domain }) => domain)
  const needed = checked.filter(({ domain }) => idle.includes(domain))
  return [
    ...(idle.length === 0 || inactive !== undefined
      ? []
      : [
          finding(
            'inactive-tenant',
            `${name}: ${idle.join(', ')} ${idle.length === 1 ? 'is' : 'are'} not active, and would be migrated with the others`,
            'decide it, in the inventory: inactive_tenants: migrate, or leave (a tenant that is left cannot be used again afterwards)',
          ),
        ]),
    ...needed.map(({ check, domain }) =>
      finding(
        'check-inactive',
        `${name}: ${check} is of ${domain}, which is not active: no server answers for it`,
        "take it out of the inventory's checks, or have the tenant activated first",
      ),
    ),
  ]
}

/** Whether a hop has the step that moves the tenants' claims to the identity tables (ClaimDataMigrator of 5.3.0): what shows of each tenant that it was migrated. */
export function movesClaims({ from, to }: { readonly from: string; readonly to: string }): boolean {
  const level = (version: string) => releaseOf(version)?.identity ?? '0.0.0'
  return semver.lt(level(from), '5.3.0') && semver.gte(level(to), '5.3.0')
}

type ProofInput = {
  readonly users: Database
  readonly identity: Database
  readonly inactive?: 'migrate' | 'leave' | undefined
}

/**
 * A gate: holds when each tenant with claims of its own has them in the identity tables; tenants that are not active only where
 * they are to be migrated. Those that were left are named.
 */
export const tenantsMigrated = observe('apim.tenantsMigrated', async (on, input: ProofInput) => {
  const { users, identity, inactive } = input
  const ask = asker(on, users)
  const all = await tenantsOf(ask, users)
  const own = await ask('SELECT DISTINCT UM_TENANT_ID AS i FROM UM_DIALECT', users.schema)
  const there = await asker(on, identity)(
    'SELECT DISTINCT TENANT_ID AS i FROM IDN_CLAIM_DIALECT',
    identity.schema,
  )
  const has = (rows: typeof own, id: string) => rows.some(({ i }) => i === id)
  const left = all.filter(({ id }) => has(own, id) && !has(there, id))
  const lost = left.filter(({ active }) => active || inactive !== 'leave')
  if (lost.length > 0)
    throw new TaskError(
      'Tenants were not migrated by the identity client',
      lost.map(
        ({ domain, active }) =>
          `${domain}${active ? '' : ' (not active)'}: its claims are not in the identity tables`,
      ),
    )
  for (const { domain } of left) on.say(`not migrated, as the inventory says: ${domain} (not active)`)
  return { migrated: all.length - left.length, left: left.map(({ domain }) => domain) }
})
