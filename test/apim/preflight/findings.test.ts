import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { checkedTenants } from '../../../src/apim/business.ts'
import {
  jarProblems,
  placeProblems,
  sequenceProblems,
  sharedProblems,
} from '../../../src/apim/preflight/artefacts.ts'
import { acceptable, checks, page } from '../../../src/apim/preflight/checks.ts'
import { serverProblems, strangerProblems } from '../../../src/apim/preflight/databases.ts'
import { type Finding, finding, tell } from '../../../src/apim/preflight/finding.ts'
import { ownerProblems, profileProblems } from '../../../src/apim/preflight/home.ts'
import { keyProblems, keystores } from '../../../src/apim/preflight/keystores.ts'
import { javaProblems, roomProblems, skewed } from '../../../src/apim/preflight/machine.ts'
import { listeners, taken } from '../../../src/apim/preflight/ports.ts'
import { tokenProblems } from '../../../src/apim/preflight/rows.ts'
import { offsetProblems, settingProblems } from '../../../src/apim/preflight/settings.ts'
import { disagree, releasesOf } from '../../../src/apim/preflight/signs.ts'
import { nextProblems, vaultProblems } from '../../../src/apim/preflight/vault.ts'
import { releases, versions } from '../../../src/apim/releases.ts'
import { checks as checksOfInventory } from '../../../src/apim/schemas.ts'
import { tenantProblems } from '../../../src/apim/tenants.ts'
import { expectGolden } from '../../support/golden.ts'

const names = (found: readonly Finding[]) => found.map(({ is }) => is)
const jarsOf = (version: keyof typeof releases) => [
  `org.wso2.carbon.core_${releases[version].kernel}.jar`,
  `org.wso2.carbon.apimgt.impl_${releases[version].apimgt}${version.startsWith('1.') && version !== '1.10.0' ? '.4' : ''}.jar`,
]

test('the page in docs lists all of them', () => {
  expectGolden(import.meta.url, '../../../../docs/preflight.md', page())
})

test('each of them is shown by a test', () => {
  const here = dirname(fileURLToPath(import.meta.url))
  const texts = readdirSync(here)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(here, name), 'utf8').replaceAll(/finding\('[a-z0-9-]+'/g, ''))
    .join('\n')
  expect(Object.keys(checks).filter((name) => !texts.includes(`'${name}'`))).toEqual([])
})

test.each([
  ['that of its group', ['-Dprofile=api-store'], 'store', []],
  ['none, as a server of all roles', [], 'store', []],
  ['the default one', ['-Dprofile=default'], 'store', []],
  ['another', ['-Dprofile=api-store', '-Dprofile=api-publisher'], 'store', ['role-profile']],
  [
    'one of a single role, where several groups name it',
    ['-Dprofile=api-store'],
    'all-in-one',
    ['role-profile'],
  ],
  ['one, where no group names it', ['-Dprofile=api-store'], undefined, []],
] as const)('a server may run with a profile: %s', (_what, args, role, expected) => {
  expect(names(profileProblems('/home', args, role, '1.9.1'))).toEqual(expected)
})

describe('findings', () => {
  const said: string[] = []
  const on = { name: 'gw', say: (line: string) => void said.push(line) }
  const all = [
    finding('disk', 'little room', 'make room'),
    finding('custom-sequence', 'edited', 'edit'),
    finding('clustering', 'is on', 'see to it'),
  ]

  test('are told all at once, each with what to do; those that warn are said', () => {
    expect(() => tell(on, 'the home', all)).toThrow(
      'the home on gw: 2 findings\n  [disk] little room: make room\n  [custom-sequence] edited: edit; to go on as it is, name it in the inventory: preflight_accepted: [custom-sequence]',
    )
    expect(said).toEqual(['warning: [clustering] is on: see to it'])
  })

  test('that ask only warn when they were decided; those that block never do', () => {
    const accepted = ['custom-sequence', 'disk']
    expect(tell(on, 'the home', all.slice(1), accepted).warnings).toHaveLength(2)
    expect(() => tell(on, 'the home', all, accepted)).toThrow(/1 finding\n.*disk/)
    expect(acceptable).toContain('custom-sequence')
    expect(acceptable.every((name) => checks[name].level === 'asks')).toBe(true)
  })
})

describe('the version of a home', () => {
  test.each(versions)('%s is known by its jars', (version) => {
    const [family] = releasesOf(jarsOf(version))
    expect([version, version.startsWith('1.9') ? '1.8.0' : version]).toContain(family)
    expect(disagree('/h', { text: version, jars: jarsOf(version) })).toEqual([])
  })

  test.each([
    ['a version file that was copied', { text: '2.6.0', jars: jarsOf('2.5.0') }],
    [
      'plugins of two releases',
      { text: '2.6.0', jars: [jarsOf('2.6.0')[0] ?? '', jarsOf('2.0.0')[1] ?? ''] },
    ],
    ['no version file', { text: undefined, jars: jarsOf('2.0.0') }],
    ['no plugins', { text: '2.0.0', jars: [] }],
    ['another product file', { text: '2.6.0', jars: jarsOf('2.6.0'), product: '3.0.0' }],
    ['a release without facts', { text: '3.2.0', jars: jarsOf('3.0.0') }],
  ])('is a finding with %s', (_, signs) => {
    expect(names(disagree('/h', signs))).toEqual(['version-signs'])
  })

  test('of an updated build is that of its release, and 4.4.3 is not 4.4.35', () => {
    const jars = ['org.wso2.carbon.core_4.4.35.jar', 'org.wso2.carbon.apimgt.impl_6.4.50.233.jar']
    expect(releasesOf(jars)).toEqual(['2.6.0'])
    expect(releasesOf(['org.wso2.carbon.core_4.4.35.jar', 'org.wso2.carbon.apimgt.impl_5.0.3.jar'])).toEqual(
      [],
    )
  })
})

describe('machines', () => {
  test.each([
    ['1.8.0_292', ['2.0.0', '2.6.0', '3.0.0'], []],
    ['1.8.0_151', ['2.6.0'], ['java-151']],
    ['11.0.2', ['3.0.0'], []],
    ['11.0.2', ['2.6.0', '3.0.0'], ['java']],
    ['17.0.1', ['3.0.0'], ['java']],
    ['1.7.0_80', ['2.0.0'], []],
    ['', ['2.0.0'], ['java']],
  ])('with Java %s for %j: %j', (java, wanted, expected) => {
    expect(names(javaProblems('/jdk', java, wanted))).toEqual(expected)
  })

  test.each([
    [4 * 1024 * 1024, '2000000 1000000', []],
    [4 * 1024 * 1024, '0 0', []],
    [4 * 1024 * 1024, '- -', []],
    [1024, '2000000 1000000', ['disk']],
    [4 * 1024 * 1024, '2000000 12', ['inodes']],
  ])('with %s KiB and inodes %j: %j', (free, inodes, expected) => {
    expect(names(roomProblems('/opt', 3, free, inodes))).toEqual(expected)
  })

  test('where nothing can be written', () => {
    expect(names(roomProblems('/opt', 0, 1, '- -', false))).toEqual(['unwritable'])
  })

  test('whose clock is away from that of another are named', () => {
    expect(skewed('gw', 'pub', 3, 0)).toEqual([])
    expect(skewed('gw', 'pub', -20, 30)).toEqual([])
    const found = [...skewed('gw', 'pub', 299, 1), ...skewed('gw', 'pub', -60, 1)]
    expect(names(found)).toEqual(['clock-skew', 'clock-skew'])
    expect(found.map(({ says }) => says).join()).toMatch(
      /gw is 299 seconds ahead of that of pub,.*60 seconds behind/,
    )
  })

  test('with a login that is not the owner, or files of others', () => {
    expect(ownerProblems('/h', 'wso2', 'wso2', [])).toEqual([])
    expect(names(ownerProblems('/h', 'root', 'wso2', ['0 wso2carbon.pid']))).toEqual(['login', 'owners'])
  })
})

describe('ports', () => {
  const line = (address: string, port: string, state = '0A', inode = '77') =>
    `   0: ${address}:${port} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1`

  test('are read as the kernel writes them', () => {
    const lines = [
      '  sl  local_address rem_address   st',
      line('0100007F', '24E3'),
      line('00000000', '2503'),
      line('0000000000000000FFFF00000100007F', '1F90'),
      line('0100007F', '24E3', '01'),
    ]
    expect(listeners(lines).map(({ address, port }) => `${address} ${port}`)).toEqual([
      '127.0.0.1 9443',
      '* 9475',
      '127.0.0.1 8080',
    ])
  })

  test('that a stranger holds are findings, those of the old server are not', () => {
    const held = [
      { address: '*', port: 9443, inode: '1' },
      { address: '*', port: 8243, inode: '2' },
      { address: '*', port: 5672, inode: '3' },
    ]
    const who = new Map([
      // A server that starts a program has its socket open in its child until that is another program.
      ['1', ['10 java', '11 java']],
      ['2', ['20 nginx', '21 nginx']],
    ])
    const found = taken(held, who, ['10'])
    expect(names(found)).toEqual(['port-taken', 'port-taken'])
    expect(found.map(({ says }) => says).join()).toMatch(/8243 .*pid 20 nginx, 21 nginx.*5672 .*another user/)
    expect(taken(held.slice(0, 1), who, ['10'])).toEqual([])
  })

  test('behind an offset are found where the inventory says another, or none', () => {
    const carbon = (offset: string) => `<Server><Ports><Offset>${offset}</Offset></Ports></Server>`
    expect(offsetProblems('/h', carbon('0'), [])).toEqual([])
    expect(offsetProblems('/h', '<Server/>', [])).toEqual([])
    expect(offsetProblems('/h', carbon('3'), ['-DportOffset=0'])).toEqual([])
    expect(offsetProblems('/h', carbon('3'), [], 3)).toEqual([])
    // The flag wins over the file.
    expect(offsetProblems('/h', carbon('0'), ['-DportOffset=1', '-DportOffset=2'], 2)).toEqual([])
    const told = (...given: Parameters<typeof offsetProblems>) =>
      offsetProblems(...given).map(({ is, says, todo }) => `${is}: ${says}; ${todo}`)
    expect(told('/h', carbon('3'), [])).toEqual([
      'port-offset: /h has the port offset 3 in carbon.xml, but the inventory says none; say apim_port_offset: 3 for this host, or start the server without an offset first',
    ])
    expect(told('/h', carbon('3'), ['-DportOffset=2'], 3)).toEqual([
      'port-offset: /h has the port offset 2 by -DportOffset at its start (carbon.xml says 3), but the inventory says 3; say apim_port_offset: 2 for this host, or start the server without an offset first',
    ])
    expect(told('/h', carbon('0'), [], 1)).toEqual([
      'port-offset: /h has the port offset 0 in carbon.xml, but the inventory says 1; take apim_port_offset out for this host, or start the server with that offset first',
    ])
  })
})

describe('settings', () => {
  const registry = (...values: readonly string[]) =>
    `<wso2registry><staticConfiguration>${['Properties', 'Comments', 'Tags', 'Ratings'].map((name, at) => `<versioning${name}>${values[at] ?? 'true'}</versioning${name}>`).join('')}</staticConfiguration></wso2registry>`
  const found = (
    texts: Record<string, string>,
    role: 'gateway-manager' | 'gateway-worker' | 'store' = 'store',
  ) => names(settingProblems('/h', texts, role, true))

  test.each([
    [[], []],
    [['false', 'false', 'false', 'false'], []],
    [['true', 'false', 'true', 'true'], ['versioning']],
  ] as const)('of the registry %j: %j', (values, expected) => {
    expect(found({ 'registry.xml': registry(...values) })).toEqual(expected)
  })

  test('that encrypt tokens', () => {
    const keys = (on: boolean) =>
      `<APIManager><APIKeyValidator><EncryptPersistedTokens>${on}</EncryptPersistedTokens></APIKeyValidator></APIManager>`
    const processor = (name: string) =>
      `<Server><OAuth><TokenPersistenceProcessor>org.wso2.carbon.identity.oauth.tokenprocessor.${name}</TokenPersistenceProcessor></OAuth></Server>`
    expect(
      found({ 'api-manager.xml': keys(false), 'identity.xml': processor('PlainTextPersistenceProcessor') }),
    ).toEqual([])
    const encrypted = {
      'api-manager.xml': keys(true),
      'identity/identity.xml': processor('EncryptionDecryptionPersistenceProcessor'),
    }
    const inKeyManager = (texts: Record<string, string>) =>
      names(settingProblems('/h', texts, 'key-manager', false))
    expect(inKeyManager(encrypted)).toEqual([])
    // Half of it: at a gateway the class of identity.xml is not used.
    expect(inKeyManager({ 'api-manager.xml': keys(true) })).toEqual(['token-encryption'])
    expect(found({ 'api-manager.xml': keys(true) })).toEqual([])
    expect(found({ 'identity.xml': processor('HashingPersistenceProcessor') })).toEqual(['token-encryption'])
    const other = {
      ...encrypted,
      'carbon.properties': 'org.wso2.CipherTransformation=RSA/ECB/PKCS1Padding\n',
    }
    expect(inKeyManager(other)).toEqual(['token-encryption'])
  })

  test('of a cluster', () => {
    const axis = (on: boolean) =>
      `<axisconfig><clustering enable="${on}"><parameter name="membershipScheme">wka</parameter></clustering></axisconfig>`
    expect(found({ 'axis2/axis2.xml': axis(false) })).toEqual([])
    expect(found({ 'axis2/axis2.xml': axis(true) })).toEqual(['clustering'])
  })

  test.each([
    ['gateway-manager', true, true, []],
    ['gateway-worker', true, false, []],
    ['store', false, false, []],
    ['gateway-worker', true, true, ['synchronizer']],
    ['gateway-manager', true, false, ['synchronizer']],
    ['store', true, false, ['synchronizer']],
  ] as const)('of the synchronizer of a %s (on %s, commits %s): %j', (role, on, commits, expected) => {
    const carbon = `<Server><DeploymentSynchronizer><Enabled>${on}</Enabled><AutoCommit>${commits}</AutoCommit></DeploymentSynchronizer></Server>`
    expect(found({ 'carbon.xml': carbon }, role)).toEqual(expected)
  })

  test('of a vault, with and without its password on disk', () => {
    expect(vaultProblems('/h', [], false)).toEqual([])
    expect(names(vaultProblems('/h', ['carbon.xml'], true))).toEqual(['secure-vault'])
    expect(names(vaultProblems('/h', ['carbon.xml'], false))).toEqual(['secure-vault', 'vault-password'])
    expect(vaultProblems('/h', ['carbon.xml'], true, true)).toEqual([])
  })

  test('of the new homes wants its password and secrets that ciphertool can encrypt, and is asked about at 2.6.0', () => {
    expect(nextProblems([], true, false)).toEqual([])
    expect(names(nextProblems(['a: it is empty'], false, true))).toEqual([
      'vault-password',
      'vault-unfit',
      'vault-landing',
    ])
  })
})

describe('tenants that the checks need', () => {
  const all = [
    { id: '1', domain: 'acme.com', active: true },
    { id: '2', domain: 'globex.com', active: false },
  ]
  const secret = { env: 'S' }
  const call = (path: string) => ({ calls: [{ name: 'one', path, token: secret }] })
  const login = (user: string) => ({
    client: { key: 'k', secret },
    logins: [{ user, password: secret }],
  })

  test.each([
    ['a call of the super tenant', call('/weather/1.0.0/now'), []],
    ['a call of an active one', call('/t/acme.com/orders/1.0.0/all'), []],
    ['a call of one that is not', call('/t/Globex.com/orders/1.0.0/all'), ['check-inactive']],
    ['a path that only begins alike', call('/travel/globex.com/now'), []],
    ['a user of the super tenant', login('alice'), []],
    ['a user of an active one', login('bob@acme.com'), []],
    ['a user of one that is not', login('eve@globex.com'), ['check-inactive']],
    ['an address as a name', login('eve@globex.com@acme.com'), []],
    ['an address of no tenant', login('eve@elsewhere.org'), []],
  ])('%s', (_what, vars, expected) => {
    const checked = checkedTenants(checksOfInventory.parse(vars))
    expect(names(tenantProblems('um', all, { inactive: 'migrate', checked }))).toEqual(expected)
  })

  test('are told with the check and what to do', () => {
    const checked = checkedTenants(checksOfInventory.parse(login('eve@globex.com')))
    const [first] = tenantProblems('um', all, { inactive: 'migrate', checked })
    expect(first?.says).toBe(
      'um: the log-in of eve@globex.com (PRIMARY) is of globex.com, which is not active: no server answers for it',
    )
  })
})

describe('artefacts', () => {
  test('whose stock sequences were edited, or cannot be compared', () => {
    expect(sequenceProblems('/h', [])).toEqual([])
    expect(names(sequenceProblems('/h', ['edited a/main.xml']))).toEqual(['custom-sequence'])
    expect(names(sequenceProblems('/h', ['none']))).toEqual(['sequence-unknown'])
  })

  test('in jars: drivers and what the server made of jars in lib are no findings', () => {
    const usual = [
      'lib/mysql-connector-java-5.1.47-bin.jar',
      'dropins/mysql_connector_java_5.1.47_bin_1.0.0.jar',
      'dropins/svnkit-1.3.9.wso2v2.jar',
    ]
    expect(jarProblems('/h', usual)).toEqual([])
    expect(names(jarProblems('/h', [...usual, 'lib/own-x.jar', 'dropins/own_x_1.0.0.jar']))).toEqual([
      'custom-jars',
    ])
    expect(
      names(jarProblems('/h', [...usual, 'dropins/org.wso2.carbon.apimgt.migrate.client-2.0.0.jar'])),
    ).toEqual(['migration-jars'])
  })

  test('on exports', () => {
    const place = (path: string, real = path, source = '/dev/sda1', kind = 'ext2/ext3') => ({
      path,
      real,
      source,
      kind,
    })
    const root = place('/h')
    const shared = place('/mnt/new', '/mnt/new', 'nas:/new', 'nfs')
    expect(placeProblems('/h', root, [place('/h/server')], shared)).toEqual([])
    expect(names(placeProblems('/h', root, [place('/h/server', '/mnt/x', 'nas:/x', 'nfs')], shared))).toEqual(
      ['shared-export'],
    )
    expect(
      names(placeProblems('/h', root, [place('/h/server', '/mnt/new/server', 'nas:/new', 'nfs')], shared)),
    ).toEqual(['shared-export', 'export-reused'])
  })
})

test('an export of several hosts is told once', () => {
  const place = { path: '/h/server', real: '/mnt/x', source: 'nas:/x', kind: 'nfs' }
  expect(sharedProblems({ a: [place], b: [{ ...place, real: '/mnt/y' }], c: [] })).toEqual([])
  const found = sharedProblems({ a: [place], b: [place], c: [] })
  expect(names(found)).toEqual(['shared-between'])
  expect(found[0]?.says).toBe('a, b share nas:/x (/mnt/x)')
})

describe('keys', () => {
  const now = new Date('2026-01-01')
  const key = {
    alias: 'wso2carbon',
    kind: 'privateKey',
    algorithm: 'rsa',
    bits: 1024,
    until: '2030-01-01T00:00:00.000Z',
    chain: 1,
  } as const

  test('that nobody can look at are told', async () => {
    const said: string[] = []
    const exec = async () => ({ kind: 'exit', code: 0, stdout: '', stderr: '', truncated: false })
    const on = { name: 'gw', exec, say: (line: string) => void said.push(line) }
    const vars = { file: 'k', alias: 'a', truststore: 't' }
    const { work, input } = keystores({
      home: '/h',
      javaHome: '/j',
      keystores: vars,
      to3: true,
      accepted: [],
    })
    if (work.kind === 'observe') await work.read(on as never, input)
    expect(said).toEqual([expect.stringMatching(/'keystore-unread'|\[keystore-unread\]/)])
  })

  test('that are short are a finding for 3.0.0 alone', () => {
    const asked = (to3: boolean) => names(keyProblems('/k', [key], { alias: 'WSO2carbon', to3, now }))
    expect([asked(true), asked(false)]).toEqual([['keystore-short'], []])
  })
})

describe('databases', () => {
  const db = { name: 'am', engine: 'mysql', host: 'db', port: 3306 } as const
  const state = { version: '5.7.40', replica: false, followers: 0, events: [] }

  test.each([
    [state, []],
    [{ ...state, version: '8.0.36' }, []],
    [{ ...state, version: '10.11.4-MariaDB' }, ['database-version']],
    [{ ...state, replica: true }, ['replica']],
    [{ ...state, followers: 2 }, ['followed']],
    [{ ...state, events: ['cleanup'] }, ['scheduled-event']],
  ])('%j: %j', (found, expected) => {
    expect(names(serverProblems(db, found))).toEqual(expected)
  })

  test('that a machine of no inventory uses', () => {
    const hosts = ['km', '10.0.0.1']
    expect(
      strangerProblems(
        db,
        [
          { who: 'wso2', address: '10.0.0.1:5021' },
          { who: 'wso2', address: 'km' },
        ],
        hosts,
      ),
    ).toEqual([])
    const found = strangerProblems(
      db,
      [
        { who: 'iskm', address: '10.0.0.9:5021' },
        { who: 'iskm', address: '10.0.0.9:5022' },
      ],
      hosts,
    )
    expect(names(found)).toEqual(['foreign-session'])
  })

  test('from the machine of the database itself, if that is no host of the inventory', () => {
    const local = [{ who: 'cron', address: 'localhost' }]
    expect(names(strangerProblems(db, local, ['km']))).toEqual(['foreign-session'])
    expect(strangerProblems(db, local, ['km', 'db'])).toEqual([])
  })

  test('with tokens that end a client', () => {
    expect(tokenProblems('am', { nulls: 0, rows: 10, keys: ['IDN_OAUTH2_ACCESS_TOKEN'] })).toEqual([])
    expect(names(tokenProblems('am', { nulls: 1, rows: 600_000, keys: ['APM_KEYS'] }))).toEqual([
      'token-scope-null',
      'token-heap',
      'foreign-key',
    ])
  })
})
