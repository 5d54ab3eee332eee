import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeProject, prelude } from '../support/project.ts'

const book = `${prelude}
export default playbook('walk', { fleet }, (site) => [
  play('first', site.web).task('mark', ({ host }) => write({ path: host.vars.dir + '/mark', text: 'first' })),
])
`

test('a run that ends by a defect says which hosts it leaves locked, and what to type', async () => {
  const own = await makeProject({ 'walk.ts': book })
  const now = () => {
    if (existsSync(join(own.cwd, 'a/mark'))) throw new Error('the clock is gone')
    return new Date()
  }
  const { code, err } = await own.call(['run', 'walk.ts', '--forks', '1'], { now })
  const [run] = readdirSync(join(own.cwd, '.upgrade-fleet/runs'))
  expect(code).toBe(1)
  expect(err).toContain('the clock is gone')
  expect(err).toContain(
    `These hosts stay locked by the run ${run}, which ended in the middle: a, b, c.\nGo on with it: upgrade-fleet resume ${run}, or: upgrade-fleet rollback ${run}`,
  )
  expect(await own.call(['run', 'walk.ts'])).toMatchObject({ code: 7 })
  expect(await own.call(['resume'])).toMatchObject({ code: 0, err: '' })
})
