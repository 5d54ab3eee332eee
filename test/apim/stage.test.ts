import { expect, test } from 'vitest'
import { node } from '../../src/apim/schemas.ts'
import { stage } from '../../src/apim/stage.ts'
import type { Host } from '../../src/model/host.ts'

const artifacts = ['wso2am-3.0.0', 'mysql-connector', 'apimgt-db-migration-scripts-2.6to3.0']
const more = ['wso2is-5.9.0-migration', 'wso2-api-migration-client-3.0.0']
const host = (name: string, fanOut?: boolean | string) => ({
  name,
  groups: [],
  vars: node.parse({
    apim_base: `/opt/${name}`,
    java_home: '/opt/jdk',
    apim_address: name,
    ...(fanOut !== undefined && { upgrade_fleet_fan_out: fanOut }),
  }),
})

/** For each play its hosts, each with whom it asks for the first artefact. */
function staged(hosts: readonly Host[]) {
  const vars = {
    artifacts: [...artifacts, ...more].map((name) => ({ name, file: `/a/${name}.zip`, sha256: 'x' })),
  }
  const site = { migration: hosts[0], all: hosts, vars }
  return stage(site as never, [{ from: '2.6.0', to: '3.0.0' } as never]).map((part) => {
    if (part.kind !== 'play') throw new Error('no play')
    const [step] = part.steps
    const asked = part.hosts.map((each) => {
      const action = step?.make({ host: each, item: vars.artifacts[0] } as never)
      const { peers = [] } = (action as { input: { peers?: readonly { name: string; path: string }[] } })
        .input
      return [each.name, ...peers.map(({ name, path }) => `${name}:${path.split('/')[2]}`)].join(' ')
    })
    return { name: part.name, throttle: step?.options.throttle, asked }
  })
}

test('without a word of the inventory every host is sent its artefacts', () => {
  expect(staged([host('a'), host('b', false)])).toEqual([
    { name: 'stage', throttle: undefined, asked: ['a', 'b'] },
  ])
})

test('in a group the first is sent them, and the others ask those before them, the nearest first', () => {
  const hosts = [
    host('a', true),
    host('x'),
    host('b', true),
    host('c', 'dc2'),
    host('d', true),
    host('e', 'dc2'),
  ]
  expect(staged(hosts)).toEqual([
    { name: 'stage', throttle: undefined, asked: ['a', 'x', 'c'] },
    { name: 'stage, from host to host', throttle: 4, asked: ['b a:a', 'd b:b a:a', 'e c:c'] },
  ])
})

test('of a large group not all are asked, and the first always', () => {
  const hosts = Array.from({ length: 20 }, (_, at) => host(`h${at}`, true))
  const last = staged(hosts)[1]?.asked.at(-1)?.split(' ') ?? []
  expect(last).toHaveLength(9)
  expect([last[1], last.at(-1)]).toEqual(['h18:h18', 'h0:h0'])
})
