import { describe, expect, test } from 'vitest'
import { fleet } from '../../inventory/fleet.ts'
import backup from '../../playbooks/backup.ts'
import restart from '../../playbooks/restart.ts'
import rollback from '../../playbooks/rollback.ts'
import half from '../../playbooks/to-2.6.0.ts'
import upgrade from '../../playbooks/to-3.0.0.ts'
import verify from '../../playbooks/verify.ts'
import { probesOf } from '../../src/apim/health.ts'
import { portsOf } from '../../src/apim/ports.ts'
import { flagsOf, gatewayPartOf, roleOf, startOrder } from '../../src/apim/roles.ts'
import { node } from '../../src/apim/schemas.ts'
import { jarsFor, treeSources } from '../../src/apim/site.ts'
import { overlayRulesOf } from '../../src/apim/trees.ts'
import { sources } from '../../src/apim/versions.ts'
import type { Host } from '../../src/model/host.ts'
import { isPlay } from '../../src/model/play.ts'
import { fold } from '../../src/model/state.ts'
import { outline } from '../../src/plan/outline.ts'
import { schedulePlaybook } from '../../src/plan/schedule.ts'
import { outlineText } from '../../src/plan/text.ts'
import { expectGolden } from '../support/golden.ts'

const names = [
  'wso2am-2.0.0 wso2am-2.6.0 wso2am-3.0.0 wso2-api-migration-client-2.0.0 wso2is-5.1.0-migration wso2is-5.2.0-scripts',
  'apim200_to_apim260_gateway_artifact_migrator apimgt-db-migration-scripts-2.0to2.6 wso2is-5.7.0-migration',
  'wso2-api-migration-client-2.6.0 apimgt-db-migration-scripts-2.6to3.0 wso2is-5.9.0-migration',
  'wso2-api-migration-client-3.0.0 mysql-connector postgresql-driver',
  ...['2.1', '2.2', '2.5'].map((from) => `apimgt-db-migration-scripts-${from}to2.6`),
  'apim210_to_apim260_gateway_artifact_migrator apim220_to_apim260_gateway_artifact_migrator',
].flatMap((line) => line.split(' '))

const host = (name: string, own: object = { apim_home: '/opt/wso2/wso2am-1.9.1' }): Host<never> => {
  const vars = { apim_base: '/opt/wso2', java_home: '/opt/jdk', apim_address: name, ...own }
  return { name, groups: [], vars: node.parse(vars) as never }
}

function site(own: object = {}, without: readonly string[] = []) {
  const [km, tm, pub, store, mgr] = [
    host('km'),
    host('tm', { since: '2.0.0' }),
    host('pub'),
    host('store'),
    host('mgr'),
  ]
  const workers = [host('gw-1'), host('gw-2'), host('gw-3')]
  const password = { env: 'P' }
  const vars = fleet.vars.parse({
    apim_version: '1.9.1',
    databases: ['apim', 'users', 'registry'].map((holds) => ({
      name: `${holds}_db`,
      holds,
      host: 'db',
      schema: holds,
      user: 'u',
      password,
    })),
    artifacts: names
      .filter((name) => !without.includes(name))
      .map((name) => ({ name, file: `/a/${name}.zip`, sha256: '0'.repeat(64) })),
    backups: '/backups',
    svn: { url: 'svn://s/clean', old_url: 'svn://s/old', user: 'u', password },
    shared_deployment: '/mnt/shared',
    ...own,
  })
  return {
    migration: pub,
    ...{ key_managers: [km], traffic_managers: [tm], publishers: [pub], stores: [store] },
    ...{ gateway_managers: [mgr], gateway_workers: workers },
    all: [km, tm, pub, store, mgr, ...workers],
    vars,
  } as never
}

const partsOf = (
  book: { plays: (site: never, params: never) => readonly unknown[] },
  at: never,
  params: object = {},
) => book.plays(at, params as never).filter((part): part is { name: string } => Boolean(part))
const namesOf = (...args: Parameters<typeof partsOf>) => partsOf(...args).map((part) => part.name)

const scheduleFor = (
  book: { plays: (at: never, params: never) => unknown },
  at: never,
  params: object = {},
) => schedulePlaybook(book as never, at, params)

describe('the way to 3.0.0', () => {
  const all = namesOf(upgrade, site())
  const inOrder = (...order: string[]) => {
    const at = order.map((name) => all.indexOf(name))
    expect(at).not.toContain(-1)
    expect(at).toEqual(at.toSorted((a, b) => a - b))
  }

  test('has no name twice', () => {
    expect(all.filter((name, at) => all.indexOf(name) !== at)).toEqual([])
  })

  test('looks before it changes, and backs up before it asks', () => {
    inOrder(
      'look',
      'already there',
      'preflight',
      'preflight, databases',
      'preflight, APIs',
      'stage',
      'stop gateway-worker',
      'stop key-manager',
    )
    inOrder(
      'stop key-manager',
      'fence',
      'back up homes',
      'back up SVN',
      '2.0.0: checkpoint',
      'manifests',
      'rehearse databases',
      'rehearse homes',
      'rehearse SVN',
      'migrate',
      '2.0.0: migration home',
    )
  })

  test('goes through each hop behind its fence, its checkpoint and its gates', () => {
    for (const to of ['2.0.0', '2.6.0', '3.0.0'])
      inOrder(
        `${to}: fence`,
        `${to}: fence databases`,
        `${to}: checkpoint`,
        `${to}: migration home`,
        `${to}: clients`,
        `${to}: schema`,
        `${to}: rows`,
        `${to}: trees`,
      )
  })

  test('lands at 2.6.0 without .svn and at 3.0.0 on the shared directory, and nowhere else', () => {
    inOrder(
      '2.6.0: rows',
      '2.6.0: homes',
      '2.6.0: no .svn',
      '2.6.0: clean SVN repository',
      '2.6.0: start key-manager',
    )
    inOrder(
      '2.6.0: start gateway-worker',
      '2.6.0: stop gateway-worker',
      '2.6.0: stop key-manager',
      '3.0.0: fence',
    )
    inOrder(
      '3.0.0: homes',
      '3.0.0: shared directory',
      '3.0.0: shared directory linked',
      '3.0.0: start traffic-manager',
    )
    inOrder(
      '3.0.0: start traffic-manager',
      '3.0.0: start key-manager',
      '3.0.0: start publisher',
      '3.0.0: start gateway-worker',
    )
    expect(all).not.toContain('2.0.0: homes')
  })

  test('rests every change of a database on the checkpoint of its own hop', () => {
    const plays = partsOf(upgrade, site()).filter(isPlay)
    const resting = plays.filter(({ options }) => options.restoredBy !== undefined)
    expect(resting.length).toBeGreaterThan(15)
    for (const { name, options } of resting)
      expect(options.restoredBy?.map((point) => point.name)).toEqual([`${name.slice(0, 5)}: checkpoint`])
  })

  test('starts gateway workers one after the other', () => {
    const starts = partsOf(upgrade, site())
      .filter(isPlay)
      .filter(({ name }) => name.endsWith('start gateway-worker'))
    expect(starts.map(({ options }) => options.serial)).toEqual([1, 1])
  })

  test('without SVN lands at the target alone', () => {
    const plays = namesOf(upgrade, site({ svn: undefined }))
    expect(plays.filter((name) => name.includes('start key-manager'))).toEqual(['3.0.0: start key-manager'])
    expect(plays.filter((name) => /svn/i.test(name))).toEqual([])
  })

  describe('with one server of all roles', () => {
    const one = host('apim-1')
    const groups = ['key_managers', 'traffic_managers', 'publishers', 'stores', 'gateway_managers']
    const all = (own: object = {}) => ({
      ...(site({ svn: undefined, shared_deployment: undefined, ...own }) as object),
      ...{ migration: one, all: [one], gateway_workers: [] },
      ...Object.fromEntries(groups.map((group) => [group, [one]])),
    })

    test('stops and starts it once, of the default profile', () => {
      const names = namesOf(upgrade, all() as never)
      expect(names.filter((name) => /start |^stop |^verify /.test(name))).toEqual([
        'stop all-in-one',
        '3.0.0: start all-in-one',
      ])
      expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
      expect(roleOf(all() as never, one)).toBe('all-in-one')
      expect(flagsOf('all-in-one', '3.0.0')).toEqual([])
      expect(portsOf('all-in-one', '3.0.0')).toEqual(expect.arrayContaining([8280, 9763, 5672, 10397, 9099]))
      const asked = (version: string) => probesOf({ role: 'all-in-one', version }).map(({ port }) => port)
      expect(asked('1.9.1')).toEqual([9763, 9763, 9763, 8280])
      expect(asked('3.0.0')).toEqual([9763, 9763, 9763, 8280, 5672, 9611, 9711])
      expect(treeSources(all() as never).map(({ name, only }) => [name, only])).toEqual([
        ['apim-1', undefined],
      ])
    })

    test.each(sources)('is planned from %s', (apim_version) => {
      for (const book of [upgrade, rollback, backup, verify, restart])
        expect(
          scheduleFor(book, all({ apim_version }) as never, { at: apim_version }).phases.length,
        ).toBeGreaterThan(1)
    })

    test('beside a worker of its own writes, and starts before it', () => {
      const worker = host('gw-1')
      const both = { ...all(), all: [one, worker], gateway_workers: [worker, one] } as never
      expect(gatewayPartOf(both, one)).toBe('gateway-manager')
      expect(
        startOrder(both, '3.0.0').map(({ role, hosts }) => [role, hosts.map(({ name }) => name)]),
      ).toEqual([
        ['all-in-one', ['apim-1']],
        ['gateway-worker', ['gw-1']],
      ])
    })
  })

  test('lets users in behind a cut-over where a host has a traffic hook, and has none of it elsewhere', () => {
    expect(all.filter((name) => /traffic$|users/.test(name))).toEqual(['preflight, users'])
    const with_ = site() as { all: Host[]; gateway_workers: Host[] }
    const hook = { kind: 'command', out: ['/h', 'out'], in: ['/h', 'in'] }
    const gateway = host('gw-1', { apim_home: '/opt/wso2/wso2am-1.9.1', apim_traffic: hook })
    with_.all = with_.all.map((each) => (each.name === 'gw-1' ? gateway : each))
    const names = namesOf(upgrade, with_ as never)
    const order = [
      ...['preflight, users', 'out of the traffic', 'hold supervisors', 'stop gateway-worker'],
      ...['3.0.0: start gateway-worker', 'schedules on again', 'give units back', 'let users in'],
      ...['users are served by 3.0.0', 'into the traffic', 'verify key-manager', 'verify gateway-worker'],
    ]
    expect(names.filter((name) => order.includes(name))).toEqual(order)
    expect(scheduleFor(upgrade, with_ as never).phases.some(({ kind }) => kind === 'cutover')).toBe(true)
  })

  test("gives new homes the operator's jars, for the versions that they were tried with", () => {
    const artifacts = [...names, 'my-handler'].map((name) => ({
      name,
      file: `/a/${name}.jar`,
      sha256: '0'.repeat(64),
    }))
    const custom_jars = [{ name: 'my-handler', dir: 'dropins', versions: ['3.0.0'] }]
    const at = site({ artifacts, custom_jars }) as Parameters<typeof jarsFor>[0]
    const jars = (version: string) =>
      jarsFor(at, at.migration, version).map(({ dir, name }) => `${dir}/${name}`)
    expect(jars('3.0.0')).toContain('dropins/my-handler.jar')
    expect(jars('2.6.0')).not.toContain('dropins/my-handler.jar')
    expect(() => partsOf(upgrade, site({ custom_jars }))).toThrow(/my-handler is not listed/)
  })

  describe('tries the way back before it asks', () => {
    const rehearsals = (own: object) =>
      partsOf(upgrade, site(own))
        .filter(isPlay)
        .filter(({ name }) => name.startsWith('rehearse'))
        .map(({ name, hosts }) => `${name}: ${hosts.length}`)
    const { databases } = (site() as never as { vars: { databases: readonly object[] } }).vars

    test('each database, each home, and SVN', () => {
      expect(rehearsals({})).toEqual(['rehearse databases: 3', 'rehearse homes: 7', 'rehearse SVN: 1'])
      expect(rehearsals({ svn: undefined })).toEqual(['rehearse databases: 3', 'rehearse homes: 7'])
    })

    test("but for what only the operator's command restores", () => {
      const backup = { command: ['b'], verify: ['v'], restore: ['r'] }
      const own = databases.map((db, at) => (at === 0 ? { ...db, backup } : db))
      expect(rehearsals({ databases: own })[0]).toBe('rehearse databases: 2')
      expect(rehearsals({ databases: databases.map((db) => ({ ...db, backup })) })[0]).toBe(
        'rehearse homes: 7',
      )
    })

    test('and not where the inventory says so', () => {
      expect(rehearsals({ rehearsal: false })).toEqual([])
    })
  })

  test('begins where the fleet is', () => {
    expect(
      namesOf(upgrade, site({ apim_version: '2.6.0' })).filter((name) => name.endsWith('checkpoint')),
    ).toEqual(['3.0.0: checkpoint'])
  })

  test.each(
    sources.flatMap((apim_version) => [
      { apim_version, own: {} },
      { apim_version, own: { svn: undefined, shared_deployment: undefined } },
    ]),
  )('is planned from $apim_version ($own)', ({ apim_version, own }) => {
    const { phases } = scheduleFor(upgrade, site({ apim_version, ...own }))
    const names = phases.map((phase) => (phase.kind === 'play' ? phase.play.name : phase.name))
    expect(names.filter((name) => name.endsWith('checkpoint')).at(-1)).toBe('3.0.0: checkpoint')
    expect(names).toContain('3.0.0: start key-manager')
    for (const book of [rollback, backup, verify])
      expect(
        scheduleFor(book, site({ apim_version, ...own }), { at: apim_version }).phases.length,
      ).toBeGreaterThan(2)
  })

  test('of the default fleet reads as its golden file', () => {
    expectGolden(
      import.meta.url,
      'to-3.0.0.txt',
      outlineText(outline(scheduleFor(upgrade, site()), fold([]))),
    )
  })

  describe('straight from 2.0.0', () => {
    const straight = {
      artifacts: [
        ...names,
        'apim200_to_apim300_gateway_artifact_migrator',
        'apimgt-db-migration-scripts-2.0to3.0',
      ].map((name) => ({ name, file: `/a/${name}.zip`, sha256: '0'.repeat(64) })),
    }
    const via = { via: '2.0.0' }

    test.each(['1.9.1', '2.0.0'])('is planned from %s, behind a question', (apim_version) => {
      const { phases } = scheduleFor(upgrade, site({ ...straight, apim_version }), via)
      const order = phases.map((phase) => (phase.kind === 'play' ? phase.play.name : phase.name))
      const hop = [
        '3.0.0: checkpoint',
        '2.0.0 straight to 3.0.0',
        '3.0.0: migration home',
        '3.0.0: files',
        '3.0.0: AM_DB',
        '3.0.0: clients',
        '3.0.0: homes',
      ]
      expect(order.filter((name) => hop.includes(name))).toEqual(hop)
      expect(order.filter((name) => name.startsWith('2.6.0'))).toEqual([])
      expect(order.includes('2.0.0: clients')).toBe(apim_version === '1.9.1')
    })

    test('asks with what is not verified, runs identity once, and keeps more of the pack', () => {
      const parts = partsOf(upgrade, site(straight), via)
      const asked = parts.find(({ name }) => name === '2.0.0 straight to 3.0.0') as never as {
        question: (seen: object) => string
      }
      expect(asked.question({})).toMatch(/not verified: .*never rehearsed here/)
      const inputs = JSON.stringify(outline(scheduleFor(upgrade, site(straight), via), fold([])))
      expect(inputs).toContain(
        '{"from":"5.2.0","to":"5.9.0","drop":["EventPublisherMigrator","ChallengeQuestionDataMigrator"]}',
      )
      expect(inputs).toContain('-DmigrateFromVersion=2.0.0')
      expect(inputs).not.toContain('5.7.0')
      expect(overlayRulesOf({ from: '2.0.0', to: '3.0.0' }).keep).toContain('sequences/fault.xml')
      expect(overlayRulesOf({ from: '2.6.0', to: '3.0.0' }).keep).not.toContain('sequences/fault.xml')
    })

    test('wants its own artefacts', () => {
      expect(() => scheduleFor(upgrade, site(), via)).toThrow(/2\.0to3\.0 is not listed/)
    })
  })

  test('from 1.10.0 the identity scripts come first, without a client of their own, behind a question', () => {
    const all = namesOf(upgrade, site({ apim_version: '1.10.0' }))
    const order = [
      '2.0.0: checkpoint',
      '1.10.0 to 2.0.0, without a page of the vendor',
      '2.0.0: migration home',
      '2.0.0: identity 5.2.0, AM_DB',
      '2.0.0: identity 5.2.0, UM_DB',
      '2.0.0: clients',
      '2.0.0: schema',
    ]
    expect(all.filter((name) => order.includes(name))).toEqual(order)
    expect(all).not.toContain('2.0.0: identity')
    const planned = JSON.stringify(outline(scheduleFor(upgrade, site({ apim_version: '1.10.0' })), fold([])))
    expect(planned).toContain('-DmigrateFromVersion=1.10.0')
  })

  test.each([
    ['2.0.0', '5.2.0', ['EventPublisherMigrator', 'ChallengeQuestionDataMigrator'], true, true, true],
    ['2.1.0', '5.3.0', ['EventPublisherMigrator'], true, true, false],
    ['2.2.0', '5.5.0', [], true, false, false],
    ['2.5.0', '5.6.0', [], false, false, false],
  ])(
    'from %s to 2.6.0 goes as its own tab of the page has it',
    (version, from, drop, gateway, access, faults) => {
      const planned = JSON.stringify(outline(scheduleFor(half, site({ apim_version: version })), fold([])))
      expect(planned).toContain(JSON.stringify({ from, to: '5.7.0', drop }))
      expect(planned.includes('_to_apim260_gateway_artifact_migrator')).toBe(gateway)
      expect(planned.includes('-DmigrateAccessControl=true')).toBe(access)
      expect(planned.includes('-DmigrateFromVersion=')).toBe(faults)
      expect(overlayRulesOf({ from: version, to: '2.6.0' }).keep.length > 0).toBe(access)
    },
  )

  test('from 1.10.0 in one hop all is done in a home of 2.6.0, behind a question', () => {
    const from = site({ apim_version: '1.10.0' })
    const all = namesOf(upgrade, from, { via: ['1.10.0', '2.6.0'] })
    expect(all.filter((name) => name.startsWith('2.0.0'))).toEqual([])
    const order = [
      '2.6.0: checkpoint',
      '1.10.0 to 2.6.0, by the client of 2.0.0',
      '2.6.0: migration home',
      '2.6.0: identity 5.2.0, AM_DB',
      '2.6.0: identity 5.2.0, UM_DB',
      '2.6.0: clients of 2.0.0',
      '2.6.0: files',
      '2.6.0: AM_DB',
      '2.6.0: clients',
      '2.6.0: schema',
    ]
    expect(all.filter((name) => order.includes(name))).toEqual(order)
    const planned = JSON.stringify(
      outline(scheduleFor(upgrade, from, { via: ['1.10.0', '2.6.0'] }), fold([])),
    )
    expect(planned).toContain('-DmigrateFromVersion=1.10.0')
    expect(planned).toContain('"from":"5.2.0","to":"5.7.0"')
    expect(planned).toContain('apim200_to_apim260_gateway_artifact_migrator')
  })

  test('with keystores of another password is refused where it lands before 3.0.0', () => {
    const own = { keystores: { password: { env: 'P' } } }
    expect(() => scheduleFor(upgrade, site(own))).toThrow(/landing at 2\.6\.0 with keystores/)
    expect(scheduleFor(upgrade, site({ ...own, svn: undefined })).phases.length).toBeGreaterThan(9)
  })

  test("takes each kind of artefact from the server that has it: user stores, and a traffic manager's plans", () => {
    const from = (own?: object) => treeSources(site(own)).map(({ name, only }) => [name, only])
    expect(from()).toEqual([
      ['mgr', undefined],
      ['km', ['userstores']],
    ])
    const two = site({ apim_version: '2.0.0' }) as { traffic_managers: unknown }
    two.traffic_managers = [host('tm')]
    expect(treeSources(two as never).map(({ name, file }) => [name, file])).toEqual([
      ['mgr', '/opt/wso2/migration/trees-2.0.0.tar'],
      ['km', '/opt/wso2/migration/trees-2.0.0-key-manager.tar'],
      ['tm', '/opt/wso2/migration/trees-2.0.0-traffic-manager.tar'],
    ])
  })

  test('takes the scripts, the driver and the programs of the engine of each database', () => {
    const password = { env: 'P' }
    const db = (name: string, holds: string, engine: string) => ({
      name,
      holds,
      engine,
      host: 'db',
      schema: name,
      user: 'u',
      password,
    })
    const databases = [
      db('am', 'apim', 'postgresql'),
      db('um', 'users', 'mysql'),
      db('reg', 'registry', 'postgresql'),
    ]
    const planned = (own: object) => outline(scheduleFor(upgrade, site(own)), fold([]))
    const inputs = JSON.stringify(planned({ databases }))
    for (const path of [
      'identity/migration-5.1.0_to_5.2.0/postgresql.sql',
      'dbscripts/migration-5.1.0_to_5.2.0/mysql.sql',
      'reg-index/postgresql.sql',
      '"psql","pg_dump"',
    ])
      expect(inputs).toContain(path)
    expect(JSON.stringify(planned({}))).not.toMatch(/postgresql.sql|psql/)
    const text = outlineText(planned({ databases }))
    expect(text).toMatch(/artefacts\[mysql-connector\]/)
    expect(text).toMatch(/artefacts\[postgresql-driver\]/)
  })

  test('names all artefacts that are not listed', () => {
    const without = ['wso2is-5.1.0-migration', 'wso2is-5.7.0-migration', 'mysql-connector']
    const words = new RegExp(without.map((name) => `${name} is not listed`).join('[^]*'))
    expect(() => namesOf(upgrade, site({}, without))).toThrow(words)
  })
})

test('a rollback without a journal reads the manifests first, dumps what is there, and starts the old servers last', () => {
  const all = namesOf(rollback, site())
  const order = [
    'read manifests',
    'one run',
    'old homes',
    'roll back',
    'stop gateway-worker',
    'fence',
    'dump what is there',
    'restore databases',
    'start key-manager again',
    'start gateway-worker again',
  ]
  expect(all.filter((name) => order.includes(name))).toEqual(order)
})

test('a backup is of one moment, and what ran before runs again', () => {
  const all = namesOf(backup, site())
  const order = [
    'stop gateway-worker',
    'fence',
    'fence databases',
    'dump databases',
    'back up homes',
    'manifests',
    'start key-manager again',
  ]
  expect(all.filter((name) => order.includes(name))).toEqual(order)
})

test('a fleet that is where the way ends has nothing to do, and is told how to ask', () => {
  expect(() => partsOf(half, site({ apim_version: '2.6.0' }))).toThrow(
    /apim_version "2\.6\.0".*\n.*verify\.ts/,
  )
})
