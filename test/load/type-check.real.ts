import { join } from 'node:path'
import { expect, it } from 'vitest'
import { typeCheck } from '../../src/load/type-check.ts'
import { types } from '../support/package.ts'
import { files } from '../support/site.ts'

it('checks playbooks strictly, wherever they are', async () => {
  const cwd = await files({
    'good.ts': `import { basename } from 'node:path'
import semver from 'semver'
import { any, defineFleet, playbook, z } from 'upgrade-fleet'
const fleet = defineFleet({ groups: { web: any(z.object({ port: z.number() })) }, vars: z.object({}) })
export default playbook(basename(import.meta.url) + semver.major('1.0.0'), { fleet }, (site) => {
  const ports: number[] = site.web.map((host) => host.vars.port)
  return ports.length > 0 ? [] : []
})
`,
    'bad.ts': `import { any, defineFleet, playbook, z } from 'upgrade-fleet'
import { twice } from './lib/twice.ts'
const fleet = defineFleet({ groups: { web: any(z.object({ port: z.number() })) }, vars: z.object({}) })
export default playbook('bad', { fleet }, (site) => [site.wob, twice('a') && undefined])
`,
    'lib/twice.ts': 'export const twice = (a: string) => a * 2\n',
  })
  expect(await typeCheck([join(cwd, 'good.ts')], { cwd, types })).toEqual([])
  const found = await typeCheck([join(cwd, 'bad.ts')], { cwd, types })
  expect(found.map((line) => line.split(' ')[0])).toEqual(['lib/twice.ts:1:37', 'bad.ts:4:59'])
  expect(found.join('\n')).toContain("Property 'wob' does not exist")
}, 60_000)
