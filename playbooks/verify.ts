import { apim, database, play, playbook, via, z } from 'upgrade-fleet'
import { fleet } from '../inventory/fleet.ts'

/** `-e at=3.0.0`: the version that the fleet is meant to be at. */
const params = z.object({ at: z.enum(apim.versions).default('3.0.0') })

/** Reads only: each server answers for its role and version, and the schema is whole. */
export default playbook('verify', { fleet, params, tags: ['schema'] }, (site, { at }) => {
  const { migration, vars } = site
  const apimDatabases = via(migration, vars.databases).filter(({ vars: db }) => db.holds.includes('apim'))

  const servers = apim.serving(site, at)
  const schema = play('verify schema', apimDatabases, { collect: true, tags: 'schema' })
    .task('probe', ({ host }) => database.schema({ db: host.vars, names: apim.probeNames }))
    .task('is whole', ({ probe }) => apim.schemaIs({ version: at, present: probe.present }))

  return [...servers, schema]
})
