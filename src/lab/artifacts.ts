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
import { apim200to260, apim250to260, gatewayMigrator, identity570 } from './data/hop2.ts'
import {
  apim200to300,
  apim250to300,
  apim260to300,
  identity590,
  regIndex,
  versioningDisable,
} from './data/hop3.ts'
import { identityConfig } from './data/identity-config.ts'
import { driverJar } from './pack/old-home.ts'
import { packTree } from './pack/pack.ts'
import { type Tree, under, writeTree } from './pack/tree.ts'
import { shell } from './shell.ts'

/** An artefact of the lab: its name in the inventory, its file, the file's SHA-256. */
export interface LabArtifact {
  readonly name: string
  readonly file: string
  readonly sha256: string
}

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
      Object.fromEntries(Object.entries(steps).map(([path, sql]) => [`${path}/mysql.sql`, sql])),
    )
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
    zip('wso2-api-migration-client-2.0.0', {
      ...client('apimgt.migrate.client-2.0.X'),
      'migration-scripts/18-19-migration/mysql.sql': from18to19,
      'migration-scripts/18-19-migration/constraint/mysql.sql': constraint,
      'migration-scripts/19-110-migration/mysql.sql': from19to110,
      'migration-scripts/19-110-migration/rxts/api.rxt': '<artifactType shortName="api" version="1.10.0"/>\n',
      'migration-scripts/110-200-migration/mysql.sql': from110to200,
      'migration-scripts/110-200-migration/mysql-timestamp_fix.sql': 'SELECT 1;\n',
      'migration-scripts/110-200-migration/rxts/api.rxt': '<artifactType shortName="api" version="2.0.0"/>\n',
    }),
    zip('wso2is-5.1.0-migration', {
      ...client('is.migrate.client-5.1.0'),
      'dbscripts/migration-5.0.0_to_5.1.0/mysql.sql': users510,
      'dbscripts/identity/migration-5.0.0_to_5.0.0SP1/mysql.sql': identitySp1,
      'dbscripts/identity/migration-5.0.0SP1_to_5.1.0/mysql.sql': identity510,
      'dbscripts/identity/migration-5.0.0SP1_to_5.1.0/mysql-data.sql': identity510Data,
      'dbscripts/identity/migration-5.0.0SP1_to_5.1.0/mysql-end.sql': identity510End,
    }),
    zip('wso2is-5.2.0-scripts', {
      'dbscripts/identity/migration-5.1.0_to_5.2.0/mysql.sql': identity520,
      'dbscripts/migration-5.1.0_to_5.2.0/mysql.sql': users520,
    }),
    ...['apim200_to_apim260', 'apim200_to_apim300'].map((hop) =>
      one(`${hop}_gateway_artifact_migrator`, `${hop}_gateway_artifact_migrator.sh`, gatewayMigrator, 0o755),
    ),
    zip('apimgt-db-migration-scripts-2.0to2.6', { 'mysql.sql': apim200to260 }),
    zip('apimgt-db-migration-scripts-2.5to2.6', { 'mysql.sql': apim250to260 }),
    zip('wso2is-5.7.0-migration', {
      ...client('is.migration-5.7.0'),
      ...config('5.7.0'),
      ...scripts(identity570),
    }),
    zip('wso2-api-migration-client-2.6.0', client('apimgt.migrate.client-2.6.X')),
    ...(
      [
        ['2.0', apim200to300],
        ['2.5', apim250to300],
        ['2.6', apim260to300],
      ] as const
    ).map(([from, sql]) =>
      zip(`apimgt-db-migration-scripts-${from}to3.0`, {
        'mysql.sql': sql,
        'versioning-disable-scripts/mysql.sql': versioningDisable,
        'reg-index/mysql.sql': regIndex,
      }),
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
    one('mysql-connector', 'mysql-connector-java-5.1.47-bin.jar', driverJar),
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
