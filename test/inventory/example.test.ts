import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import webTier from '../../examples/web-tier/web-tier.ts'
import { fleet } from '../../inventory/fleet.ts'
import { artifactsFor } from '../../src/apim/site.ts'
import { route } from '../../src/apim/versions.ts'
import { applied } from '../../src/commands/prepare.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { siteOf } from '../../src/inventory/site.ts'
import { playsOf } from '../../src/model/schedule.ts'
import { files } from '../support/site.ts'

const example = (name: string) => fileURLToPath(new URL(`../../inventory/${name}`, import.meta.url))

/** The examples as a reader would use them: copied to their places, with the files that they name. */
async function copied(): Promise<string> {
  const cwd = await files({})
  await mkdir(join(cwd, 'inventory'))
  await cp(example('hosts.example.yml'), join(cwd, 'inventory/hosts.yml'))
  await cp(example('artifacts.example.yml'), join(cwd, 'inventory/artifacts.yml'))
  const listed: { artifacts: readonly { file: string }[] } = parse(
    await readFile(example('artifacts.example.yml'), 'utf8'),
  )
  for (const { file } of listed.artifacts) {
    await mkdir(dirname(join(cwd, 'inventory', file)), { recursive: true })
    await writeFile(join(cwd, 'inventory', file), '')
  }
  return cwd
}

test('the example inventory is one of the fleet, and its artefacts are all that the way to 3.0.0 needs', async () => {
  const inventory = await loadInventory({ sources: ['inventory/hosts.yml'], cwd: await copied(), env: {} })
  expect(inventory.warnings).toEqual([])
  const site = siteOf(fleet, inventory, {})
  expect(site.migration.name).toBe('pub-1.example.com')
  expect(site.gateway_workers).toHaveLength(2)
  expect(site.traffic_managers[0]?.vars.apim_home).toBeUndefined()

  const hops = route('1.9.1', '3.0.0')
  const everything = site.vars.artifacts.map(({ name }) => name).sort()
  expect(
    artifactsFor(site, site.migration, hops)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(everything)
  const [worker] = site.gateway_workers
  expect(worker && artifactsFor(site, worker, hops).map(({ name }) => name)).toEqual([
    'wso2am-2.6.0',
    'wso2am-3.0.0',
    'mysql-connector',
    'svnkit',
    'trilead-ssh2',
  ])
})

test('the web tier of the example goes over its example inventory two servers at a time', async () => {
  const path = fileURLToPath(new URL('../../examples/web-tier/hosts.example.yml', import.meta.url))
  const inventory = await loadInventory({ sources: [path], cwd: dirname(path), env: {} })
  const extraVars = { release: '2026.11' }
  const { schedule } = applied(webTier as never, { inventory, extraVars, limit: undefined })
  const [rollout] = playsOf(schedule)
  expect(rollout?.waves.map((hosts) => hosts.length)).toEqual([2, 2, 2, 2])
  expect(() => applied(webTier as never, { inventory, extraVars: {}, limit: undefined })).toThrow(
    '-e release',
  )
})
