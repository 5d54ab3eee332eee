import { describe, expect, test } from 'vitest'
import { alone, fence } from '../../src/apim/fence.ts'
import type { Action, On } from '../../src/model/action.ts'
import { jvm, type Scripted, scriptedOn } from '../support/scripted-on.ts'

const home = '/opt/wso2/wso2am-1.9.1'
/** A machine on which a server runs, or none; what tells of it was recorded on one of the lab. */
const machine =
  (runs: boolean, told = 'for 12 seconds, wso2apim.service'): Scripted =>
  (text) => {
    if (text.includes('/proc/uptime')) return `the machine has been up for 40 seconds\n${told}\n`
    return text.includes('/proc/[0-9]*/cmdline') && runs ? jvm(home) : ''
  }

async function read<Out>({ work, input }: Action<Out>, on: On): Promise<Out> {
  if (work.kind !== 'observe') throw new Error('it reads')
  return work.read(on, input)
}
const problems = (work: Promise<unknown>) =>
  work.then(
    () => [],
    (error: Error & { evidence?: readonly string[] }) => [error.message, ...(error.evidence ?? [])],
  )

describe('the fence', () => {
  test('holds where no server of any home runs, and names pid, home, age and who started it otherwise', async () => {
    expect(await read(fence(null), scriptedOn(machine(false)).on)).toEqual({ quiet: true })
    expect(await problems(read(fence(null), scriptedOn(machine(true)).on))).toEqual([
      expect.stringMatching(/A server runs on gw1 that must not: whoever supervises it, or a boot/),
      `pid 4242, ${home}, for 12 seconds, wso2apim.service`,
      'the machine has been up for 40 seconds',
    ])
  })

  test('asked again before a change looks at every machine, and what cannot be asked is not quiet', async () => {
    const hosts = ['km', 'gw2']
    const ask = (gw2: Scripted) =>
      problems(
        read(alone({ hosts, databases: [] }), scriptedOn(machine(false), { km: machine(false), gw2 }).on),
      )
    expect(await ask(machine(false))).toEqual([])
    expect((await ask(machine(true, 'for 3 seconds, below pid 7: crond'))).slice(1)).toEqual([
      `gw2: pid 4242, ${home}, for 3 seconds, below pid 7: crond`,
      'gw2: the machine has been up for 40 seconds',
    ])
    expect(await ask(() => ({ code: 1 }))).toEqual([
      expect.stringMatching(/gw2 does not tell what runs on it/),
    ])
    const away = read(alone({ hosts: ['nowhere'], databases: [] }), scriptedOn(machine(false)).on)
    expect(await problems(away)).toEqual(['nowhere is unreachable'])
  })
})
