import { observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { readXml } from '../modules/edit/xml.ts'
import { holds, readText } from '../modules/target.ts'
import { finding, tell } from './preflight/finding.ts'

/** What the inventory says of a home's `carbon.xml`. */
export type Claims = {
  /** The repository that its synchronizer uses now; none for a fleet without one. */
  readonly svn: string | undefined
  /** Whether the inventory names the keystores' password. */
  readonly keystorePassword: boolean
}

/** What in a `carbon.xml` is against the inventory: configuration is redone and not copied, so what is not said there would be lost in silence. */
export function disagreements(text: string, { svn, keystorePassword }: Claims): readonly string[] {
  const value = (at: string) => readXml(text, at)?.trim()
  const synchronizer = (name: string) => value(`DeploymentSynchronizer/${name}`)
  const inUse = synchronizer('Enabled') === 'true' && synchronizer('RepositoryType') === 'svn'
  const url = inUse ? synchronizer('SvnUrl') : undefined
  const plain = (address: string) => address.replace(/\/$/, '')
  const password = value('Security/KeyStore/Password')
  return [
    ...(url !== undefined && svn === undefined
      ? [`its synchronizer uses ${url}, but the inventory has no svn`]
      : []),
    ...(url !== undefined && svn !== undefined && plain(url) !== plain(svn)
      ? [`its synchronizer uses ${url}, but the inventory says svn.old_url ${svn}`]
      : []),
    ...(password !== undefined && password !== 'wso2carbon' && !keystorePassword
      ? ['its keystore has a password of its own, but the inventory has no keystores.password']
      : []),
  ]
}

/** A gate: holds when what a home is configured for is what the inventory says. */
export const agrees = observe(
  'apim.agrees',
  async (
    on,
    { home, svn, keystorePassword }: { home: string; svn?: string | undefined; keystorePassword: boolean },
  ) => {
    const path = `${home}/repository/conf/carbon.xml`
    // In 3.0.0 the file is a rendering that a home need not have yet.
    if (!(await holds(on, sh.read`test -f ${path}`))) return { warnings: [] }
    const wrong = disagreements(await readText(on, path), { svn, keystorePassword })
    return tell(
      on,
      `${path} and the inventory`,
      wrong.map((each) => finding('disagreement', `${path}: ${each}`, 'correct the inventory, or the file')),
    )
  },
)
