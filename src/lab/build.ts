import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LabArtifact, makeArtifacts } from './artifacts.ts'
import { thumbprint } from './cipher.ts'
import { makeDatabase } from './database.ts'
import { labHosts, machinesOf, sshPort } from './fleet.ts'
import { makeHost, writeBootScript } from './hosts.ts'
import { artifactsYaml, inventoryYaml, userSecrets } from './inventory-text.ts'
import { makeJava } from './java.ts'
import type { OldVersion } from './pack/release.ts'
import { makePostgreSql } from './postgresql.ts'
import { type LabSecrets, makeSaved } from './saved.ts'
import { isGuarded, shapes } from './shapes.ts'
import { shell } from './shell.ts'
import type { LabShape } from './state.ts'
import { makeRepositories } from './subversion.ts'

/** Makes all that a lab is restored and started from. Nothing runs afterwards. */
export async function buildLab(
  dir: string,
  { from, range, shape, database }: LabShape & { readonly from: OldVersion },
  project: string,
): Promise<void> {
  const hosts = labHosts(range, shape)
  await mkdir(join(dir, 'saved'), { recursive: true, mode: 0o700 })
  await mkdir(join(dir, 'lib'), { recursive: true })
  const secrets = await makeSecrets(dir)
  const keystore = isGuarded(shape)
    ? thumbprint(await readFile(join(dir, 'secrets/keystore.p12')))
    : undefined
  const [artifacts] = await Promise.all([
    makeArtifacts(join(dir, 'artifacts')),
    database === 'postgresql'
      ? makePostgreSql(dir, from, shapes[shape].schemas, keystore)
      : makeDatabase(dir, from, shapes[shape].schemas, keystore),
    makeJava(dir),
    writeBootScript(dir),
    makeSaved(dir, { from, range, shape, database, hosts }, secrets).then(() =>
      makeRepositories(dir, secrets.svn, join(dir, 'saved/tree')),
    ),
    ...machinesOf(hosts).map((host) => makeHost(dir, host, hosts)),
  ])
  await writeInventory(dir, { from, range, shape, database }, project, artifacts)
}

/** The database's password of a lab. */
export async function databasePassword(dir: string): Promise<string> {
  return (await readFile(join(dir, 'secrets/db-password'), 'utf8')).trim()
}

async function makeSecrets(dir: string): Promise<LabSecrets> {
  const $ = await shell()
  const place = join(dir, 'secrets')
  await mkdir(place, { recursive: true, mode: 0o700 })
  const secrets = { database: randomBytes(12).toString('hex'), svn: randomBytes(12).toString('hex') }
  await Promise.all([
    writeFile(join(place, 'db-password'), secrets.database, { mode: 0o600 }),
    writeFile(join(place, 'svn-password'), secrets.svn, { mode: 0o600 }),
    makeKeystore(place),
    ...Object.entries(userSecrets).map(([name, text]) => writeFile(join(place, name), text, { mode: 0o600 })),
    $`ssh-keygen -q -t ed25519 -N ${''} -C lab -f ${join(place, 'id_ed25519')}`,
  ])
  return secrets
}

/** A keystore that keytool opens, with the packs' own name and password. */
async function makeKeystore(place: string): Promise<void> {
  const $ = await shell()
  const [key, certificate] = [join(place, 'keystore.key'), join(place, 'keystore.crt')]
  await $`openssl req -x509 -newkey rsa:2048 -nodes -keyout ${key} -out ${certificate} -days 3650 -subj /CN=localhost`
  await $`openssl pkcs12 -export -name wso2carbon -passout pass:wso2carbon -inkey ${key} -in ${certificate} -out ${join(place, 'keystore.p12')}`
}

async function writeInventory(
  dir: string,
  { from, range, shape, database }: Pick<LabShape, 'from' | 'range' | 'shape' | 'database'>,
  project: string,
  artifacts: readonly LabArtifact[],
): Promise<void> {
  const hosts = labHosts(range, shape)
  const place = join(project, 'inventory/lab')
  await mkdir(place, { recursive: true })
  const keys = machinesOf(hosts).map(async ({ name, address }) => {
    const key = await readFile(join(dir, 'hosts', name, 'sshd/ssh_host_ed25519_key.pub'), 'utf8')
    return `[${address}]:${sshPort} ${key.split(' ').slice(0, 2).join(' ')}\n`
  })
  await writeFile(join(dir, 'known_hosts'), (await Promise.all(keys)).join(''), { mode: 0o600 })
  await writeFile(join(place, 'hosts.yml'), inventoryYaml({ dir, from, range, hosts, shape, database }))
  await writeFile(join(place, 'artifacts.yml'), artifactsYaml(artifacts))
}
