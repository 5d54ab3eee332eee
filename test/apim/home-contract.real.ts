import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configure, extract, freshHome } from '../../src/apim/home.ts'
import { clearShare, fillShare, linkShare } from '../../src/apim/share.ts'
import { secret } from '../../src/model/secret.ts'
import { changeContract, seen } from '../modules/contract.ts'
import { forthContract } from '../modules/contract-forth.ts'
import { localPlace, secretValue } from '../support/places.ts'
import { zipOf } from '../support/zips.ts'

const undefinedAlways = async () => undefined

/** Writes files below a directory. */
const tree = (dir: string, files: Readonly<Record<string, string>>) => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(dir, name, '..'), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
}
const zipped = (dir: string) =>
  writeFileSync(
    join(dir, 'a.zip'),
    zipOf([
      { name: 'top/bin/a.sh', content: 'echo' },
      { name: 'top/x/y.sql', content: 'near' },
      { name: 'top/deep/x/y.sql', content: 'deep' },
    ]),
  )
const zip = (dir: string) => {
  const path = join(dir, 'a.zip')
  return { zip: path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') }
}

const home = (dir: string) => join(dir, 'home')
const conf = 'repository/conf'
/** A home as a pack has it, and what comes into it from elsewhere. */
const unconfigured = (dir: string) =>
  tree(dir, {
    [`home/${conf}/carbon.xml`]: '<!-- é -->\n<Server><HostName>x</HostName><P>y</P></Server>\n',
    [`home/${conf}/registry.xml`]: '<A/>\n',
    'home/repository/components/lib/of-pack.jar': 'jar',
    'home/repository/resources/security/wso2carbon.jks': 'of the pack',
    'old/repository/resources/security/wso2carbon.jks': 'of the fleet',
    'old/repository/resources/security/client-truststore.jks': 'of the fleet too',
    'driver.jar': 'driver',
  })

const shared = (dir: string) => join(dir, 'share')
const deployed = {
  'home/repository/deployment/server/synapse-configs/default/api.xml': '<api/>',
  'home/repository/deployment/server/userstores/one.xml': '<store/>',
  'home/repository/tenants/1/a.txt': 'of a tenant',
}
const unshared = (dir: string) => {
  mkdirSync(shared(dir))
  tree(dir, deployed)
}
const filled = {
  'share/.upgrade-fleet': 'run-1 home\n',
  'share/synapse-configs/default/api.xml': '<api/>',
  'share/executionplans/a.txt': 'a',
  'share/userstores/one.xml': '<store/>',
  'share/tenants/1/a.txt': 'of a tenant',
}

changeContract('shared directories', localPlace, [
  {
    name: 'are filled from a home',
    prepare: unshared,
    action: (dir) => fillShare({ dir: shared(dir), home: home(dir) }),
  },
  {
    name: 'are cleared',
    prepare: (dir) => tree(dir, filled),
    action: (dir) => clearShare({ dir: shared(dir) }),
  },
])

forthContract('homes', localPlace, [
  {
    name: 'a home is configured',
    prepare: unconfigured,
    action: (dir) =>
      configure({
        home: home(dir),
        configuration: {
          texts: [{ path: `${conf}/new.xml`, text: ['<A>', secret('env:P'), '</A>'] }],
          edits: [
            {
              path: `${conf}/carbon.xml`,
              edits: [
                { at: 'HostName', text: 'gw' },
                { at: 'P', text: [secret('env:P')] },
              ],
            },
          ],
        },
        jars: [{ from: join(dir, 'driver.jar'), dir: 'lib', name: 'driver.jar' }],
        keystoresFrom: join(dir, 'old'),
      }),
    unchecked: undefinedAlways,
    hidden: [secretValue],
  },
  {
    name: 'files of zips are unpacked',
    prepare: zipped,
    action: (dir) =>
      extract({
        to: join(dir, 'out'),
        files: { a: { ...zip(dir), path: 'x/y.sql' }, b: { ...zip(dir), path: 'deep/x/y.sql' } },
      }),
    unchecked: undefinedAlways,
  },
  {
    name: 'a migration home is made anew',
    prepare: (dir) => {
      zipped(dir)
      tree(dir, { 'migration/home/of-a-try-before': 'x' })
    },
    action: (dir) => freshHome({ ...zip(dir), top: 'top', to: join(dir, 'migration/home') }),
    unchecked: undefinedAlways,
  },
  {
    name: 'a home is linked to what is shared',
    prepare: (dir) => tree(dir, { ...deployed, ...filled }),
    action: (dir) => linkShare({ dir: shared(dir), home: home(dir), role: 'gateway-worker' }),
    // Its links lead to the case's own directory.
    look: (dir) => seen(dir).replaceAll(dir, ''),
  },
])
