import { expect, test } from 'vitest'
import { makeProject, prelude } from '../support/project.ts'

const book = `${prelude}
export default playbook('paint', { fleet }, (site) => [
  play('paint', site.web).task('mark', ({ host }) => write({ path: host.vars.dir + '/mark', text: host.name })),
  play('once', site.web).task('all', ({ host }) => write({ path: host.vars.dir + '/once', text: host.name }), { runOnce: 'play' }),
  play('gate', site.web).task('open', ({ host }) => read({ path: host.vars.dir + '/gate' })),
])
`

test('rollback --limit takes back some hosts, refuses what is bound to others, and leaves the rest to a later one', async () => {
  const own = await makeProject({ 'paint.ts': book })
  const marks = () => Promise.all(['a', 'b', 'c'].map((host) => own.read(`${host}/mark`)))
  // The run's own limit is not the rollback's.
  expect(await own.call(['run', 'paint.ts', '-l', 'web'])).toMatchObject({ code: 3 })
  const bound = await own.call(['rollback', '-l', 'a'])
  expect(bound).toMatchObject({
    code: 2,
    err: expect.stringContaining('once/a/all was done once for all, for b, c too'),
  })
  expect((await own.call(['rollback', '-l', 'bb'])).err).toContain('"bb"')
  // A shell's variable that is not set is not all hosts.
  expect(await own.call(['rollback', '-l', ''])).toMatchObject({
    code: 2,
    err: expect.stringContaining('pattern "": expected a group or host, got nothing'),
  })
  expect(await own.journals()).toHaveLength(1)
  expect(await own.call(['rollback', '-l', 'b'])).toMatchObject({ code: 0 })
  expect(await marks()).toEqual(['a', '', 'c'])
  const [run = [], back = []] = await own.journals()
  expect(back[0]).toMatchObject({
    kind: 'rollback',
    waves: ['gate', 'once', 'paint'].map((name) => ({ play: name, hosts: ['b'] })),
  })
  const id = run[0]?.type === 'run.started' ? run[0].run : ''
  expect(await own.call(['resume', id])).toMatchObject({
    code: 2,
    err: expect.stringContaining('was rolled back'),
  })
  expect(await own.call(['rollback', '-l', 'b'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('nothing'),
  })
  expect(await own.call(['rollback'])).toMatchObject({ code: 0 })
  expect(await marks()).toEqual(['', '', ''])
  expect(await own.call(['rollback'])).toMatchObject({ code: 2, err: expect.stringContaining('already') })
})
