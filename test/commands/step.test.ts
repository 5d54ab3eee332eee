import { expect, test } from 'vitest'
import { makeProject, prelude } from '../support/project.ts'

const book = `${prelude}
export default playbook('walk', { fleet }, (site) => [
  play('first', site.web[0]).task('mark', ({ host }) => write({ path: host.vars.dir + '/first', text: 'x' })),
])
`

test('run and resume take --step, and without a terminal they do nothing', async () => {
  const own = await makeProject({ 'walk.ts': book })
  for (const typed of [['run', 'walk.ts'], ['resume']])
    expect(await own.call([...typed, '--step'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--step: expected a terminal to ask on, got none'),
    })
  expect(await own.journals()).toEqual([])
})
