import { fail, play, playbook, skip } from 'upgrade-fleet'
import { detect, fleet, write } from './world.ts'

/** What must compile: every construct once, each output used as what it is. */
export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web)
    .handler('reload', ({ host }) => write({ path: host.name }))
    .handler('restart', () => write({ path: '/r' }), { timeout: '1m' })
    .task('look', () => detect({ home: '/' }))
    .task('first', ({ look }) => write({ path: look.version }), { notify: 'reload' })
    .block('plain', (tasks) =>
      tasks
        .task('inside', ({ first }) => write({ path: first.path }), { notify: ['reload', 'restart'] })
        .flush(),
    )
    .task('after plain', ({ inside }) => write({ path: inside.path }))
    .block(
      'rescued',
      (tasks) =>
        tasks
          .task('risky', ({ inside }) => detect({ home: inside.path }))
          .block('inner', (inner) => inner.task('deep', ({ risky }) => write({ path: risky.version })), {
            always: (inner) => inner.task('deep end', ({ deep }) => write({ path: deep?.path ?? '' })),
          }),
      {
        rescue: (tasks) =>
          tasks
            .task('mend', ({ failure, risky, first }) =>
              write({ path: `${failure.task} ${failure.result} ${risky?.version} ${first.path}` }),
            )
            .task('give up', ({ failure, mend }) => fail(`${failure.message} ${mend.path}`)),
        always: (tasks) =>
          tasks.task('tidy', ({ risky, deep }) => write({ path: `${risky?.version} ${deep?.path}` })),
        timeout: '5m',
      },
    )
    .each('many', ['a', 'b'], ({ item, tidy, mend }) => write({ path: `${item}${tidy.path}${mend?.path}` }))
    .each('none', ['a', 'b'], () => skip('nothing to do'))
    .each('forgiven', ['a'], () => detect({ home: '/' }), { ignoreErrors: true })
    .task('last', ({ many, none, forgiven, risky, look }) => {
      const nothing: undefined = none['a']
      return write({
        path: `${many['a']?.path}${nothing}${forgiven['a']?.version}${risky?.version}${look.version}`,
      })
    }),
])
