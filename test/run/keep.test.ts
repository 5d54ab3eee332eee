import { expect, test } from 'vitest'
import { fakeMachine } from '../../src/connect/fake.ts'
import { change, play } from '../../src/index.ts'
import { hosts, tryRun } from '../support/engine.ts'

test('a directory for before-images that could not be made is made when it is asked for again', async () => {
  let made = 0
  const machine = fakeMachine({
    respond: (text) => {
      if (!text.includes('mkdir -p')) return {}
      made += 1
      return made === 1 ? { code: 1, stderr: 'no space left' } : {}
    },
  })
  const said: string[] = []
  const work = change('work', {
    apply: async (on) => {
      await on.keep().catch((error: Error) => said.push(error.message))
      const again = await on.keep()
      said.push(again === (await on.keep()) ? 'the same' : 'another')
    },
    undo: async () => {},
  })
  const { outcome } = await tryRun([play('p', hosts('h')).task('t', () => work({}))], {
    connect: () => machine.connect({}),
  })
  expect(outcome).toBe('ok')
  expect(said).toEqual(['"mkdir" ended with exit code 1\n  no space left', 'the same'])
  expect(made).toBe(2)
})
