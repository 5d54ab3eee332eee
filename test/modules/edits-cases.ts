import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Charset, encode } from '../../src/model/charset.ts'
import { secret } from '../../src/model/secret.ts'
import * as edits from '../../src/modules/edits.ts'
import { secretValue } from '../support/places.ts'
import type { ChangeCase } from './contract.ts'
import { given } from './rewrite-cases.ts'

const P = secret('env:P')
const sample = (name: string) => readFileSync(new URL(`edit/samples/${name}`, import.meta.url), 'utf8')
const file = (name: string, charset: Charset = 'UTF-8', change = (text: string) => text) =>
  given(name, encode(change(sample(name)), charset), 0o640)

/** The cases of the contract for structured edits, in files as API Manager has them. */
export const editsCases: readonly ChangeCase[] = [
  {
    name: 'carbon.xml, in ISO-8859-1, with a secret',
    prepare: file('carbon.xml', 'ISO-8859-1'),
    action: (dir) =>
      edits.xml({
        path: join(dir, 'carbon.xml'),
        edits: [
          { at: 'Ports/Offset', text: '1' },
          { at: 'HostName', text: 'gw-é€.example.com' },
          { at: 'Security/KeyStore/Password', text: [P] },
          { at: 'Security/KeyStore/Password', attribute: 'svns:secretAlias', remove: true },
          { at: 'DeploymentSynchronizer/Enabled', text: 'true', create: true },
          { at: 'DeploymentSynchronizer/SvnPassword', text: ['<', P, '>'], create: true },
        ],
      }),
    hidden: [secretValue],
    trips: 2,
  },
  {
    name: 'axis2.xml, in UTF-16 with the line ends of Windows, with a secret',
    prepare: file(
      'axis2.xml',
      'UTF-16LE',
      (text) => `\uFEFF${text.replace('UTF-8', 'UTF-16').replaceAll('\n', '\r\n')}`,
    ),
    action: (dir) =>
      edits.xml({
        path: join(dir, 'axis2.xml'),
        edits: [
          { at: 'clustering', attribute: 'enable', text: 'true' },
          { at: 'clustering/parameter[@name=licenseKey]', text: [P], create: true },
          { at: 'transportReceiver[@name=https]/parameter[@name=port]', text: '8244' },
        ],
      }),
    hidden: [secretValue],
    trips: 2,
  },
  {
    name: 'registry.xml, elements put in',
    prepare: file('registry.xml'),
    action: (dir) =>
      edits.xml({
        path: join(dir, 'registry.xml'),
        edits: [
          {
            at: 'dbConfig[@name=shared]',
            insert: '<dbConfig name="shared">\n<dataSource>jdbc/R</dataSource>\n</dbConfig>',
            after: 'dbConfig[@name=wso2registry]',
          },
          { at: 'mount[@path=/_system/config]', append: '<mount path="/_system/config" overwrite="true"/>' },
          { at: 'indexingConfiguration/indexers', remove: true },
        ],
        validate: ['grep', '-q', 'jdbc/R', '%s'],
      }),
  },
  {
    name: 'deployment.toml',
    prepare: file('deployment.toml'),
    action: (dir) =>
      edits.toml({
        path: join(dir, 'deployment.toml'),
        edits: [
          { at: 'server.hostname', value: 'gw-1' },
          { at: 'database.apim_db.password', value: P },
          { at: 'apim.gateway.environment[name="Production and Sandbox"].type', value: 'hybrid' },
          { at: 'indexing', append: { re_indexing: 1 } },
          { at: 'apim.analytics', remove: true },
        ],
      }),
    hidden: [secretValue],
    trips: 2,
  },
  {
    name: 'log4j2.properties, in ISO-8859-1',
    prepare: file('log4j2.properties', 'ISO-8859-1'),
    action: (dir) =>
      edits.properties({
        path: join(dir, 'log4j2.properties'),
        edits: [
          { key: 'rootLogger.level', text: 'DEBUG' },
          { key: 'loggers', text: 'AUDIT_LOG, org-wso2-é' },
          { key: 'logger.mine.level', text: 'INFO', create: true },
          { key: 'appender.CARBON_LOGFILE.filter.threshold.level', remove: true },
        ],
      }),
  },
  {
    name: 'migration-config.yaml',
    prepare: file('migration-config.yaml'),
    action: (dir) =>
      edits.yaml({
        path: join(dir, 'migration-config.yaml'),
        edits: [
          { at: 'migrationEnable', value: 'true' },
          { at: 'currentVersion', value: '5.2.0' },
          { at: 'versions[version=5.3.0].migratorConfigs[name=ChallengeQuestionDataMigrator]', remove: true },
        ],
      }),
  },
  {
    name: 'an INI file, with a secret',
    prepare: given('my.cnf', '[client]\nuser = é\npassword=old\n[mysqld]\n', 0o600),
    action: (dir) =>
      edits.iniFile({
        path: join(dir, 'my.cnf'),
        edits: [
          { section: 'client', option: 'password', text: [P] },
          { section: 'mysqld', option: 'port', text: '1', create: true },
        ],
      }),
    hidden: [secretValue],
    trips: 2,
  },
  {
    name: 'a JSON file, with a secret',
    prepare: given('site.json', '{\n  "theme": {"base": "wso2"},\n  "key": "x"\n}', 0o600),
    action: (dir) =>
      edits.json({
        path: join(dir, 'site.json'),
        edits: [
          { at: 'theme.base', value: 'own' },
          { at: 'key', value: P },
        ],
      }),
    hidden: [secretValue],
    trips: 2,
  },
]
