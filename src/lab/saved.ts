import { lchownSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { thumbprint } from './cipher.ts'
import { databaseUser } from './database.ts'
import {
  databaseAddress,
  homeOf,
  isGateway,
  type LabHost,
  machinesOf,
  profileAt,
  svnAddress,
} from './fleet.ts'
import type { Source } from './pack/conf.ts'
import { oldNode, repositoryTree, type Site } from './pack/old-home.ts'
import { packTree } from './pack/pack.ts'
import { type OldVersion, since } from './pack/release.ts'
import { writeTree } from './pack/tree.ts'
import {
  type DatabaseName,
  engineOf,
  environmentsOf,
  isGuarded,
  type ShapeName,
  shapes,
  sharedDirectory,
} from './shapes.ts'
import { shell } from './shell.ts'
import { repositories, svnUser } from './subversion.ts'

/** The two secrets of a lab. */
export interface LabSecrets {
  readonly database: string
  readonly svn: string
}

/** What the contents of the hosts are made from. */
export interface SavedFacts {
  readonly from: OldVersion
  readonly range: string
  readonly shape: ShapeName
  readonly database: DatabaseName
  readonly hosts: readonly LabHost[]
}

/** Makes what the hosts hold when the lab is fresh: the old homes, the users' homes, and the tree that is committed. */
export async function makeSaved(dir: string, facts: SavedFacts, secrets: LabSecrets): Promise<void> {
  const { from, hosts } = facts
  const site = siteOf(
    facts,
    secrets,
    isGuarded(facts.shape) ? thumbprint(await readFile(join(dir, 'secrets/keystore.p12'))) : undefined,
  )
  writeTree(join(dir, 'saved/tree'), repositoryTree(from))
  await Promise.all([
    ...machinesOf(hosts).map(({ name }) => {
      const names = hosts.filter(({ machine }) => machine === name)
      return makeContents(join(dir, 'saved/hosts', name), dir, from, names, site)
    }),
  ])
  const exported = join(dir, 'saved/export-old')
  await mkdir(exported)
  if (shapes[facts.shape].artefacts === 'export')
    for (const environment of new Set(hosts.filter(isGateway).map((host) => host.environment)))
      share(
        exported,
        sharedDirectory(environment),
        hosts
          .filter((host) => isGateway(host) && host.environment === environment)
          .map(({ machine, base: under }) => join(dir, 'saved/hosts', machine, homeOf(from, under))),
      )
  const $ = await shell()
  await $`chown -R -h 802:802 ${exported}`
}

/** What gateways of the old fleet share where they have a file system for it, by its path in a home. */
const sharedParts = {
  'synapse-configs': 'repository/deployment/server/synapse-configs',
  userstores: 'repository/deployment/server/userstores',
  tenants: 'repository/tenants',
} as const

/** Moves what is shared out of the first home; each home has links in its place, as hosts see them. */
function share(exported: string, below: string, homes: readonly string[]): void {
  if (homes.length < 2) return
  mkdirSync(join(exported, below), { recursive: true })
  for (const [at, home] of homes.entries())
    for (const [name, path] of Object.entries(sharedParts)) {
      if (at === 0) renameSync(join(home, path), join(exported, below, name))
      else rmSync(join(home, path), { recursive: true })
      symlinkSync(`/mnt/apim-old${below}/${name}`, join(home, path))
      lchownSync(join(home, path), 802, 802)
    }
}

function siteOf(
  { range, shape, database, hosts }: SavedFacts,
  secrets: LabSecrets,
  guarded: string | undefined,
): Site {
  const { schemas, artefacts } = shapes[shape]
  const { engine, port } = engineOf(database)
  const source = (name: string, schema: string): Source => ({
    name,
    jndi: `jdbc/${name}`,
    url: `jdbc:${engine}://${databaseAddress(range)}:${port}/${schema}${engine === 'mysql' ? '?autoReconnect=true&useSSL=false' : ''}`,
    user: databaseUser,
    password: secrets.database,
    driver: engine === 'mysql' ? 'com.mysql.jdbc.Driver' : 'org.postgresql.Driver',
  })
  const first = (group: string) => hosts.find(({ groups }) => groups.includes(group))
  const named = (group: string) => first(group)?.name ?? 'localhost'
  const offsetOf = (group: string) => first(group)?.offset ?? 0
  return {
    engine,
    sources:
      database === 'h2'
        ? 'as shipped'
        : [
            source('WSO2AM_DB', schemas.am),
            source('WSO2UM_DB', schemas.um),
            source('WSO2REG_DB', schemas.reg),
          ],
    keyManager: named('key_managers'),
    gateway: named('gateway_managers'),
    environments: environmentsOf(shape).map(({ name, type }) => ({
      name,
      type,
      gateway: hosts.find((host) => host.environment === name)?.name ?? 'localhost',
    })),
    trafficManager: named('traffic_managers'),
    guarded,
    offsets: {
      keyManager: offsetOf('key_managers'),
      gateway: offsetOf('gateway_managers'),
      trafficManager: offsetOf('traffic_managers'),
    },
    svn:
      artefacts === 'svn'
        ? { url: `svn://${svnAddress(range)}/${repositories.old}`, user: svnUser, password: secrets.svn }
        : undefined,
  }
}

async function makeContents(
  root: string,
  dir: string,
  from: OldVersion,
  hosts: readonly LabHost[],
  site: Site,
): Promise<void> {
  const $ = await shell()
  const ssh = join(root, 'home/wso2carbon/.ssh')
  await mkdir(ssh, { recursive: true })
  await copyFile(join(dir, 'secrets/id_ed25519.pub'), join(ssh, 'authorized_keys'))
  await mkdir(join(root, 'tmp'), { recursive: true })
  await mkdir(join(root, 'opt/jdk1.8.0_292'), { recursive: true })
  for (const host of hosts) {
    await mkdir(join(root, host.base), { recursive: true })
    if (profileAt(host, from) === undefined) continue
    const home = join(root, homeOf(from, host.base))
    writeTree(home, { ...packTree(from), ...oldNode(from, host, site) })
    for (const name of ['wso2carbon.jks', 'client-truststore.jks']) {
      await copyFile(join(dir, 'secrets/keystore.p12'), join(home, 'repository/resources/security', name))
    }
    // From 1.10.0 on the servers check real working copies out when they start.
    if (isGateway(host) && site.svn !== undefined && !since(from, '1.10.0')) oldWorkingCopies(home)
  }
  await $`chmod 1777 ${join(root, 'tmp')}`
  await $`chmod 700 ${ssh}`
  await $`chmod 600 ${join(ssh, 'authorized_keys')}`
  await $`chown -R 802:802 ${join(root, 'home/wso2carbon')} ${hosts.map((host) => join(root, host.base))}`
}

function oldWorkingCopies(home: string): void {
  const tenants = join(home, 'repository/tenants')
  oldWorkingCopy(join(home, 'repository/deployment/server'))
  for (const id of readdirSync(tenants)) oldWorkingCopy(join(tenants, id))
}

/** Leaves a `.svn` of Subversion 1.6 in a directory and in all under it. */
function oldWorkingCopy(directory: string): void {
  const all = readdirSync(directory, { withFileTypes: true })
  const own = join(directory, '.svn')
  for (const name of ['text-base', 'prop-base', 'props', 'tmp'])
    mkdirSync(join(own, name), { recursive: true })
  writeFileSync(join(own, 'format'), '10\n')
  writeFileSync(join(own, 'entries'), `10\n\ndir\n7\n${all.map(({ name }) => `\f\n${name}\n`).join('')}`)
  for (const entry of all) {
    if (entry.isDirectory()) oldWorkingCopy(join(directory, entry.name))
    else writeFileSync(join(own, 'text-base', `${entry.name}.svn-base`), '')
  }
}
