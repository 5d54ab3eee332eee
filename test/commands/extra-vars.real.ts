import { expect, test } from 'vitest'
import { makeProject, prelude } from '../support/project.ts'

const book = `${prelude}
export default playbook('paint', { fleet, params: z.object({ shade: z.string().default('dark') }) }, (site, { shade }) => [
  play('paint', site.web).task('color', ({ host }) => write({ path: host.vars.dir + '/shade', text: shade })),
])
`

test('an unknown -e is refused with the nearest name by run, plan and check, and nothing is done', async () => {
  const own = await makeProject({ 'paint.ts': book })
  const typed: readonly (readonly string[])[] = [['run'], ['run', '--check'], ['plan'], ['check']]
  for (const [command = '', ...flags] of typed) {
    const call = (extra: string) => own.call([command, 'paint.ts', ...flags, '-e', extra])
    const slips = [
      ['shad=light', 'shade'],
      ['colr=blue', 'color'],
      ['{"moto": "x"}', 'motto'],
    ] as const
    // The compiler goes before, and takes seconds: it shows it once.
    for (const [extra, nearest] of command === 'check' ? slips.slice(0, 1) : slips)
      expect(await call(extra), `${command} ${extra}`).toMatchObject({
        code: 2,
        err: expect.stringContaining(`did you mean "${nearest}"?`),
      })
  }
  expect(await own.journals()).toEqual([])
  // What is known goes where it belongs: to the parameters, or to the vars.
  expect(await own.call(['run', 'paint.ts', '-e', 'shade=light', '-e', 'motto=x'])).toMatchObject({ code: 0 })
  expect(await own.read('a/shade')).toBe('light')
})
