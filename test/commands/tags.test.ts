import { expect, test } from 'vitest'
import { makeProject, prelude } from '../support/project.ts'

const book = `${prelude}
export default playbook('walk', { fleet, tags: ['early', 'late'] }, (site) => [
  play('first', site.web[0], { tags: 'early' }).task('mark', ({ host }) => write({ path: host.vars.dir + '/first', text: 'x' })),
  play('gate', site.web[0]).task('open', ({ host }) => read({ path: host.vars.dir + '/gate' }), { tags: ['always'] }),
  play('second', site.web[0]).task('late', ({ host }) => write({ path: host.vars.dir + '/second', text: 'x' }), { tags: 'late' }),
])
`

test('tags and the first task are typed as with Ansible, and resume and rollback mean the same tasks', async () => {
  const own = await makeProject({ 'walk.ts': book })
  const there = async (name: string) => (await own.read(`a/${name}`).catch(() => undefined)) !== undefined
  const listed = await own.call(['run', 'walk.ts', '--list-tags'])
  expect(listed.out).toBe(
    'play first (1 host)\n  early\nplay gate (1 host)\n  always\nplay second (1 host)\n  late\n',
  )
  const typo = await own.call(['run', 'walk.ts', '-t', 'lat'])
  expect(typo).toMatchObject({ code: 2, err: expect.stringContaining('the tag "lat"; did you mean "late"?') })
  expect((await own.call(['plan', 'walk.ts', '--offline', '-t', 'late'])).out).not.toContain('PLAY first')
  expect(await own.call(['run', 'walk.ts', '-t', 'late'])).toMatchObject({ code: 3 })
  await own.write('a/gate', 'open')
  expect(await own.call(['resume'])).toMatchObject({ code: 0 })
  expect([await there('first'), await there('second')]).toEqual([false, true])
  expect(await own.call(['rollback'])).toMatchObject({ code: 0 })
  expect(await own.read('a/second')).toBe('')
  expect(await own.call(['run', 'walk.ts', '--start-at-task', 'gate/op*'])).toMatchObject({ code: 0 })
  expect(await there('first')).toBe(false)
})
