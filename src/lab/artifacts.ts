import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  constraint,
  from18to19,
  from19to110,
  from110to200,
  identity510,
  identity510Data,
  identity510End,
  identity520,
  identitySp1,
  users510,
  users520,
} from './data/hop1.ts'
import {
  apim200to260,
  apim200to260PostgreSql,
  apim250to260,
  gatewayMigrator,
  identity570,
} from './data/hop2.ts'
import {
  apim200to300,
  apim200to300PostgreSql,
  apim250to300,
  apim250to300PostgreSql,
  apim260to300,
  apim260to300PostgreSql,
  identity590,
  regIndex,
  versioningDisable,
} from './data/hop3.ts'
import { identityConfig } from './data/identity-config.ts'
import { inPostgreSql } from './data/postgresql.ts'
import { drivers } from './pack/old-home.ts'
import { packTree } from './pack/pack.ts'
import { type Tree, under, writeTree } from './pack/tree.ts'
import { shell } from './shell.ts'

/** An artefact of the lab: its name in the inventory, its file, the file's SHA-256. */
export interface LabArtifact {
  readonly name: string
  readonly file: string
  readonly sha256: string
}

/** A script for each engine, as the vendor's zips have them side by side. */
const engines = (directory: string, sql: string, suffix = ''): Tree => ({
  [`${directory}/mysql${suffix}.sql`]: sql,
  [`${directory}/postgresql${suffix}.sql`]: inPostgreSql(sql),
})

/** What each artefact holds. One without `.zip` in its file is that one file. */
export function artifactTrees(): readonly {
  readonly name: string
  readonly file: string
  readonly tree: Tree
}[] {
  const zip = (name: string, tree: Tree) => ({ name, file: `${name}.zip`, tree })
  const client = (name: string) => ({ [`dropins/org.wso2.carbon.${name}.jar`]: `stand-in ${name}\n` })
  const scripts = (steps: Readonly<Record<string, string>>) =>
    under(
      'migration-resources',
      Object.assign({}, ...Object.entries(steps).map(([path, sql]) => engines(path, sql))),
    )
  const more = (...parts: readonly Tree[]): Tree => Object.assign({}, ...parts)
  const config = (version: string) => ({
    'migration-resources/migration-config.yaml': identityConfig(version),
  })
  const one = (name: string, file: string, text: string, mode = 0o644) => ({
    name,
    file,
    tree: { [file]: { text, mode } },
  })
  return [
    ...(['2.0.0', '2.6.0', '3.0.0'] as const).map((version) =>
      zip(`wso2am-${version}`, under(`wso2am-${version}`, packTree(version))),
    ),
    zip(
      'wso2-api-migration-client-2.0.0',
      more(
        client('apimgt.migrate.client-2.0.X'),
        engines('migration-scripts/18-19-migration', from18to19),
        // There is none for PostgreSQL.
        { 'migration-scripts/18-19-migration/constraint/mysql.sql': constraint },
        engines('migration-scripts/19-110-migration', from19to110),
        {
          'migration-scripts/19-110-migration/rxts/api.rxt':
            '<artifactType shortName="api" version="1.10.0"/>\n',
        },
        engines('migration-scripts/110-200-migration', from110to200),
        {
          'migration-scripts/110-200-migration/mysql-timestamp_fix.sql': 'SELECT 1;\n',
          'migration-scripts/110-200-migration/rxts/api.rxt':
            '<artifactType shortName="api" version="2.0.0"/>\n',
        },
      ),
    ),
    zip(
      'wso2is-5.1.0-migration',
      more(
        client('is.migrate.client-5.1.0'),
        engines('dbscripts/migration-5.0.0_to_5.1.0', users510),
        engines('dbscripts/identity/migration-5.0.0_to_5.0.0SP1', identitySp1),
        engines('dbscripts/identity/migration-5.0.0SP1_to_5.1.0', identity510),
        engines('dbscripts/identity/migration-5.0.0SP1_to_5.1.0', identity510Data, '-data'),
        engines('dbscripts/identity/migration-5.0.0SP1_to_5.1.0', identity510End, '-end'),
      ),
    ),
    zip(
      'wso2is-5.2.0-scripts',
      more(
        engines('dbscripts/identity/migration-5.1.0_to_5.2.0', identity520),
        engines('dbscripts/migration-5.1.0_to_5.2.0', users520),
      ),
    ),
    ...['apim200_to_apim260', 'apim200_to_apim300'].map((hop) =>
      one(`${hop}_gateway_artifact_migrator`, `${hop}_gateway_artifact_migrator.sh`, gatewayMigrator, 0o755),
    ),
    zip('apimgt-db-migration-scripts-2.0to2.6', {
      'mysql.sql': apim200to260,
      'postgresql.sql': apim200to260PostgreSql,
    }),
    zip('apimgt-db-migration-scripts-2.5to2.6', {
      'mysql.sql': apim250to260,
      'postgresql.sql': inPostgreSql(apim250to260),
    }),
    zip('wso2is-5.7.0-migration', {
      ...client('is.migration-5.7.0'),
      ...config('5.7.0'),
      ...scripts(identity570),
    }),
    zip('wso2-api-migration-client-2.6.0', client('apimgt.migrate.client-2.6.X')),
    ...(
      [
        ['2.0', apim200to300, apim200to300PostgreSql],
        ['2.5', apim250to300, apim250to300PostgreSql],
        ['2.6', apim260to300, apim260to300PostgreSql],
      ] as const
    ).map(([from, mysql, postgresql]) =>
      zip(
        `apimgt-db-migration-scripts-${from}to3.0`,
        more(
          { 'mysql.sql': mysql, 'postgresql.sql': postgresql },
          engines('versioning-disable-scripts', versioningDisable),
          engines('reg-index', regIndex),
        ),
      ),
    ),
    zip('wso2is-5.9.0-migration', {
      ...client('is.migration-5.9.0'),
      ...config('5.9.0'),
      ...scripts({ ...identity570, ...identity590 }),
    }),
    zip('wso2-api-migration-client-3.0.0', {
      ...client('apimgt.migrate.client-3.0.0-3'),
      'migration-resources/rxts/api.rxt': '<artifactType shortName="api" version="3.0.0"/>\n',
    }),
    one('postgresql-driver', 'postgresql-9.4.1212.jar', drivers.postgresql.text),
    one('mysql-connector', 'mysql-connector-java-5.1.47-bin.jar', drivers.mysql.text),
  ]
}

/** Makes the artefacts' files in that directory. */
export async function makeArtifacts(directory: string): Promise<readonly LabArtifact[]> {
  const $ = await shell()
  await mkdir(directory, { recursive: true })
  return Promise.all(
    artifactTrees().map(async ({ name, file, tree }) => {
      const path = join(directory, file)
      if (!file.endsWith('.zip')) {
        writeTree(directory, tree)
      } else {
        const work = join(directory, `${name}.work`)
        writeTree(work, tree)
        await $({ cwd: work })`zip -q -r -X ${path} .`
        await rm(work, { recursive: true })
      }
      const sha256 = createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
      return { name, file: path, sha256 }
    }),
  )
}
