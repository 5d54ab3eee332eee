import { execFileSync, spawn } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer as createHttps } from 'node:https'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { agrees } from '../../../src/apim/agreement.ts'
import { jars, places, sequences, throttleHandlers } from '../../../src/apim/preflight/artefacts.ts'
import { datasources } from '../../../src/apim/preflight/datasources.ts'
import { carbonHome, onlyHome, owners, wellBefore } from '../../../src/apim/preflight/home.ts'
import { keystores } from '../../../src/apim/preflight/keystores.ts'
import { clocks, ready } from '../../../src/apim/preflight/machine.ts'
import { ports } from '../../../src/apim/preflight/ports.ts'
import { carriedOver, settings } from '../../../src/apim/preflight/settings.ts'
import { signs } from '../../../src/apim/preflight/signs.ts'
import { vault } from '../../../src/apim/preflight/vault.ts'
import { serversOf } from '../../../src/apim/server.ts'
import type { Action } from '../../../src/model/action.ts'
import { secret } from '../../../src/model/secret.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { freePort } from '../../support/free-port.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'
import { until } from '../../support/until.ts'

const bootstrap = 'org.wso2.carbon.bootstrap.Bootstrap'
const address = '127.126.2.1'
const dir = mkdtempSync(join(fastDirectory(), 'ph-'))
const home = join(dir, 'wso2am-2.0.0')
let local: LocalOn
beforeAll(async () => {
  local = await localOn(join(dir, 'here'), () => 'not-it')
})
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true })
})

const put = (path: string, text = '', root = home) => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
/** The findings that were thrown or said, by name. */
const told = async (action: Action) => {
  local.said.length = 0
  const blocked = await perform(local, action).then(
    () => '',
    (error: unknown) => String(error),
  )
  const lines = `${blocked}\n${local.said.join('\n')}`
  const found = [...lines.matchAll(/\[([a-z0-9-]+)\] /g)].map((match) => match[1])
  return blocked !== '' && found.length === 0 ? [blocked] : found
}

const sequence = 'repository/deployment/server/synapse-configs/default/sequences/main.xml'
const conf = 'repository/conf'

beforeEach(() => {
  rmSync(home, { recursive: true, force: true })
  put('bin/version.txt', 'WSO2 API Manager v2.0.0\n')
  put('repository/components/plugins/org.wso2.carbon.core_4.4.7.jar')
  put('repository/components/plugins/org.wso2.carbon.apimgt.impl_6.0.4.jar')
  put('repository/components/lib/mysql-connector-java-5.1.47-bin.jar')
  put(
    `${conf}/carbon.xml`,
    '<Server>\n    <Version>2.0.0</Version>\n<Ports><Offset>0</Offset></Ports></Server>',
  )
  put(`${conf}/axis2/axis2.xml`, '<axisconfig><clustering enable="false"/></axisconfig>')
  put(`${conf}/api-manager.xml`, '<APIManager><DataSourceName>jdbc/AM</DataSourceName></APIManager>')
  put(
    `${conf}/datasources/master-datasources.xml`,
    '<d><datasources><datasource><jndiConfig><name>jdbc/AM</name></jndiConfig><definition><configuration><url>jdbc:mysql://db:3306/am</url></configuration></definition></datasource></datasources></d>',
  )
  put('repository/resources/apim-synapse-config/main.xml', '<sequence/>')
  put(sequence, '<sequence/>')
  put(
    'repository/deployment/server/synapse-configs/default/api/a.xml',
    '<api><handler class="x.ThrottleHandler"/></api>',
  )
})

describe('a home as it should be', () => {
  const db = { name: 'am', engine: 'mysql', holds: ['apim'], host: 'db', port: 3306, schema: 'am' }
  test('has no finding', async () => {
    const asked: readonly Action[] = [
      signs({ home, expect: '2.0.0', address }),
      owners({ home, accepted: [] }),
      datasources({ home, databases: [db], accepted: [] }),
      settings({ home, role: 'store', svn: true, keeper: false }),
      agrees({ home, keystorePassword: false }),
      vault({ home, javaHome: '/none', keystore: 'wso2carbon.jks' }),
      sequences({ home, names: ['main.xml'], accepted: [] }),
      throttleHandlers({ home }),
      jars({ home }),
      places({ home, shared: join(dir, 'shared') }),
      carbonHome({ etc: [join(dir, 'profile')] }),
    ]
    for (const action of asked) expect(await told(action), action.module).toEqual([])
  })

  test('with another database than the inventory names has one', async () => {
    expect(await told(datasources({ home, databases: [{ ...db, schema: 'other' }], accepted: [] }))).toEqual([
      'database-unknown',
    ])
  })
})

describe('a home', () => {
  test('of another version than the inventory says, or of two at once', async () => {
    expect(await told(signs({ home, expect: '2.6.0', address }))).toEqual(['version-claim'])
    put(`${conf}/carbon.xml`, '<Server>\n    <Version>1.9.1</Version>\n</Server>')
    expect(await told(signs({ home, expect: '2.0.0', address }))).toEqual(['version-answer'])
    rmSync(join(home, 'repository/components/plugins/org.wso2.carbon.core_4.4.7.jar'))
    put('repository/components/plugins/org.wso2.carbon.core_4.4.35.jar')
    expect(await told(signs({ home, expect: '2.0.0', address }))).toEqual(['version-signs', 'version-answer'])
  })

  test('whose server answers over HTTPS with another version', async () => {
    const [key, cert] = [join(dir, 'tls.key'), join(dir, 'tls.crt')]
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-subj',
        '/CN=localhost',
      ],
      { stdio: 'ignore' },
    )
    let version = '2.0.0'
    const server = createHttps({ key: readFileSync(key), cert: readFileSync(cert) }, ({ url }, response) => {
      response.end(url === '/services/Version' ? `<return>WSO2 API Manager-${version}</return>` : '')
    })
    await new Promise<void>((resolve) => server.listen(9443, address, resolve))
    try {
      expect(await told(signs({ home, expect: '2.0.0', address }))).toEqual([])
      version = '1.9.1'
      expect(await told(signs({ home, expect: '2.0.0', address }))).toEqual(['version-answer'])
      expect(local.said.join()).toMatch(/https \/services\/Version answers 1\.9\.1/)
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

  test('with files of another user, or of another user than the login', async () => {
    put('wso2carbon.pid')
    chownSync(join(home, 'wso2carbon.pid'), 12345, 12345)
    expect(await told(owners({ home, accepted: [] }))).toEqual(['owners'])
    expect(local.said).toEqual([])
    expect(await told(owners({ home, accepted: ['owners'] }))).toEqual(['owners'])
    expect(local.said).toHaveLength(1)
    execFileSync('chown', ['-R', '12345', home])
    expect(await told(owners({ home, accepted: [] }))).toEqual(['login'])
  })

  test('with settings that stand in the way', async () => {
    put(
      `${conf}/carbon.xml`,
      '<Server><Ports><Offset>2</Offset></Ports><DeploymentSynchronizer><Enabled>true</Enabled></DeploymentSynchronizer></Server>',
    )
    put(`${conf}/axis2/axis2.xml`, '<axisconfig><clustering enable="true"/></axisconfig>')
    put(
      `${conf}/identity/identity.xml`,
      '<Server><OAuth><TokenPersistenceProcessor>x.EncryptionDecryptionPersistenceProcessor</TokenPersistenceProcessor></OAuth></Server>',
    )
    put(
      `${conf}/registry.xml`,
      '<r><staticConfiguration><versioningTags>false</versioningTags></staticConfiguration></r>',
    )
    expect(await told(settings({ home, role: 'store', svn: true, keeper: false }))).toEqual([
      'versioning',
      'token-encryption',
      'synchronizer',
      'port-offset',
      'clustering',
    ])
  })

  test('with another synchronizer than the inventory says', async () => {
    put(
      `${conf}/carbon.xml`,
      '<Server><DeploymentSynchronizer><Enabled>true</Enabled><RepositoryType>svn</RepositoryType><SvnUrl>svn://s/x</SvnUrl></DeploymentSynchronizer></Server>',
    )
    expect(await told(agrees({ home, keystorePassword: false }))).toEqual(['disagreement'])
    expect(await told(agrees({ home, svn: 'svn://s/x', keystorePassword: false }))).toEqual([])
  })

  test('with an appender of its own', async () => {
    const over = { home, address, told: [], accepted: [] }
    put(`${conf}/log4j.properties`, 'log4j.logger.com.example=DEBUG\n')
    expect(await told(carriedOver(over))).toEqual([])
    put(`${conf}/log4j.properties`, 'log4j.appender.SPLUNK=com.example.SplunkAppender\n')
    expect(await told(carriedOver(over))).toEqual(['logging'])
  })

  test('with other gateway environments than the inventory lists', async () => {
    put(
      `${conf}/api-manager.xml`,
      '<A><APIGateway><Environments><Environment type="sandbox"><Name>Try</Name></Environment></Environments></APIGateway></A>',
    )
    const over = { home, address, told: [], accepted: [], publishes: true }
    const list = (name: string) => ({ ...over, environments: [{ name, type: 'sandbox' }] })
    expect(await told(carriedOver(list('Try')))).toEqual([])
    expect(await told(carriedOver(list('Trial')))).toEqual(['environments', 'environments'])
    expect(await told(carriedOver({ ...list('Trial'), publishes: false }))).toEqual([])
  })

  test('with another user store than deployment.toml will have', async () => {
    put(
      `${conf}/user-mgt.xml`,
      '<U><Realm><UserStoreManager class="org.wso2.carbon.user.core.ldap.ReadOnlyLDAPUserStoreManager"/></Realm></U>',
    )
    const over = { home, address, told: [], accepted: [] }
    expect(await told(carriedOver(over))).toEqual(['not-carried'])
    const known = { ...over, told: ['user_store'] }
    expect(await told(carriedOver(known))).toEqual([])
    put(`${conf}/tomcat/catalina-server.xml`, '<Server><Service><Connector port="9443" proxyPort="443"/>')
    // What cannot be read would be lost in silence.
    await expect(perform(local, carriedOver(known))).rejects.toThrow(/catalina-server\.xml:1/)
    put(
      `${conf}/tomcat/catalina-server.xml`,
      '<Server><Service><Connector port="9443" proxyPort="443"/></Service></Server>',
    )
    expect(await told(carriedOver(known))).toEqual([])
    expect(local.said.at(-1)).toContain('takes over [transport.https.properties] {"proxyPort":443}')
  })

  test('with edited sequences, an old handler, jars of its own', async () => {
    put(sequence, '<sequence><log/></sequence>')
    put('repository/tenants/1/synapse-configs/default/sequences/main.xml', '<sequence><x/></sequence>')
    put('repository/tenants/1/synapse-configs/default/sequences/own.xml', '<sequence><x/></sequence>')
    expect(await told(sequences({ home, names: ['main.xml'], accepted: [] }))).toEqual(['custom-sequence'])
    rmSync(join(home, 'repository/resources'), { recursive: true })
    expect(await told(sequences({ home, names: ['main.xml'], accepted: [] }))).toEqual(['sequence-unknown'])
    put(
      'repository/tenants/1/synapse-configs/default/api/b.xml',
      '<handler class="org.wso2.carbon.apimgt.gateway.handlers.throttling.APIThrottleHandler"/>',
    )
    expect(await told(throttleHandlers({ home }))).toEqual(['throttle-handler'])
    put('repository/components/dropins/own-1.jar')
    put('repository/components/dropins/org.wso2.carbon.is.migration-5.7.0.jar')
    expect(await told(jars({ home }))).toEqual(['migration-jars', 'custom-jars'])
  })

  test('whose artefacts are elsewhere, and there where the new ones will be', async () => {
    const shared = join(dir, 'shared')
    put('x', '', shared)
    rmSync(join(home, 'repository/deployment/server'), { recursive: true })
    symlinkSync(shared, join(home, 'repository/deployment/server'))
    expect(await told(places({ home }))).toEqual(['shared-export'])
    expect(await told(places({ home, shared }))).toEqual(['export-reused', 'shared-export'])
  })

  test('with its keystores', async () => {
    const security = join(home, 'repository/resources/security')
    mkdirSync(security, { recursive: true })
    const make = (file: string, alias: string, bits: string, ...more: readonly string[]) =>
      execFileSync(
        'keytool',
        [
          '-genkeypair',
          '-alias',
          alias,
          '-keyalg',
          'RSA',
          '-keysize',
          bits,
          '-dname',
          'CN=localhost',
          '-storetype',
          'PKCS12',
          '-storepass',
          'wso2carbon',
          '-keystore',
          join(security, file),
          ...more,
        ],
        { stdio: 'ignore' },
      )
    make('client-truststore.jks', 'any', '2048')
    make('wso2carbon.jks', 'wso2carbon', '2048')
    const vars = { file: 'wso2carbon.jks', alias: 'wso2carbon', truststore: 'client-truststore.jks' }
    const asked = (more: object = {}) =>
      told(
        keystores({ home, javaHome: '/nowhere', keystores: { ...vars, ...more }, to3: true, accepted: [] }),
      )
    expect(await asked()).toEqual([])
    expect(await asked({ alias: 'other' })).toEqual(['keystore-alias'])
    expect(await asked({ password: secret('env:OTHER') })).toEqual(['keystore-closed'])
    rmSync(join(security, 'wso2carbon.jks'))
    make('wso2carbon.jks', 'wso2carbon', '1024', '-startdate', '-10d', '-validity', '5')
    expect(await asked()).toEqual(['keystore-short', 'keystore-ended'])
    put('repository/resources/security/client-truststore.jks', 'no keystore')
    expect(await asked()).toEqual(['keystore-closed', 'keystore-short', 'keystore-ended'])
  })

  test('whose server runs twice, beside another home', async () => {
    const other = join(dir, 'wso2am-other')
    const server = (at: string) =>
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)', '--', `-Dcarbon.home=${at}`, bootstrap], {
        stdio: 'ignore',
      })
    const running = [server(home)]
    // Servers of other people's homes may be on this machine.
    const mine = async (...others: readonly string[]) => {
      const words = await perform(local, onlyHome({ home, version: '1.9.1', others, accepted: [] })).then(
        String,
        String,
      )
      return [...words.matchAll(/\[([a-z-]+)\] [^:]*?here: (.*?): |\[(two-servers)\]/g)].flatMap(
        ([, is, at, twice]) => (twice !== undefined ? [twice] : at === other ? [is] : []),
      )
    }
    const shown = (count: number) =>
      until(async () => (await serversOf(local.on, home)).length === count, `${count} servers are shown`)
    try {
      await shown(1)
      expect(await mine()).toEqual([])
      running.push(server(home), server(other))
      await shown(2)
      await until(async () => (await serversOf(local.on, other)).length === 1, 'the other is shown')
      expect(await mine()).toEqual(['two-servers', 'two-homes'])
      // That of another name of this machine is no stranger.
      expect(await mine(other)).toEqual(['two-servers'])
    } finally {
      for (const each of running) each.kill('SIGKILL')
    }
  })

  test('that does not serve is named as sick', async () => {
    const wait = { start: 1, answer: 1, gap: 0 }
    const server = { home, version: '2.0.0', javaHome: '/', address, role: 'store', flags: [], wait } as const
    expect(await told(wellBefore({ server }))).toEqual(['sick-before'])
    expect(local.said.join()).toMatch(/it does not run/)
  })
})

describe('a machine', () => {
  const needs = {
    base: dir,
    backups: dir,
    javaHome: join(dir, 'jdk'),
    versions: ['2.0.0'],
    needs: ['sh'],
    gib: 0,
    fresh: [],
  }
  const java = (version: string) => {
    put('jdk/bin/java', `#!/bin/sh\necho 'openjdk version "${version}"' >&2\n`, dir)
    execFileSync('chmod', ['+x', join(dir, 'jdk/bin/java')])
  }

  test('that is ready has no finding', async () => {
    java('1.8.0_292')
    expect(await told(ready({ ...needs, backups: join(dir, 'not/there/yet'), gib: 0 }))).toEqual([])
  })

  test('that lacks all tells all at once', async () => {
    java('17.0.1')
    const wrong = { ...needs, needs: ['sh', 'no-such-program|nor-this'], gib: 1e6, fresh: [home] }
    expect(await told(ready(wrong))).toEqual(['tools', 'java', 'disk', 'leftovers'])
  })

  test('where CARBON_HOME is exported', async () => {
    put('profile', '# export CARBON_HOME=/x\n', dir)
    expect(await told(carbonHome({ etc: [join(dir, 'profile')] }))).toEqual([])
    put('profile', 'export CARBON_HOME=/opt/wso2am-1.9.1\n', dir)
    expect(await told(carbonHome({ etc: [join(dir, 'prof*')] }))).toEqual(['carbon-home'])
  })

  test('where somebody listens on a port of the new server', async () => {
    const port = await freePort(address)
    expect(await told(ports({ address, ports: [port] }))).toEqual([])
    const stranger = createServer()
    await new Promise<void>((resolve) => stranger.listen(port, address, resolve))
    try {
      expect(await told(ports({ address, ports: [port] }))).toEqual(['port-taken'])
      expect(await told(ports({ address: '127.126.2.2', ports: [port] }))).toEqual([])
    } finally {
      await new Promise((resolve) => stranger.close(resolve))
    }
  })

  test('whose clock is that of the others', async () => {
    expect(await told(clocks({ other: 'here' }))).toEqual([])
  })
})
