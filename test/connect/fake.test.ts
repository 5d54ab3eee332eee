import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { fakeConnection, fakeMachine } from '../../src/connect/fake.ts'
import { sh } from '../../src/model/command.ts'
import { connectionContract, freshContract, type Subject } from '../contracts/connection.ts'
import { fakeShell } from '../support/fake-shell.ts'

async function subject(): Promise<Subject> {
  const greeting = 'hello from a fake'
  const machine = fakeMachine({
    respond: (text, stdin, call) => fakeShell(() => machine, text, stdin, call),
    dial: (address) => {
      const socket = new PassThrough()
      if (address === '127.79.0.200') socket.end(greeting)
      else throw refused()
      return socket
    },
  })
  machine.directories.add('/scratch')
  return {
    connect: async () => machine.connect(),
    scratch: '/scratch',
    greeting,
    greeterPort: 1,
    stop: async () => undefined,
  }
}

function refused(): Error {
  return new Error('nothing listens')
}

connectionContract('fake', subject)
freshContract('fake', subject)

describe('a fake machine', () => {
  test('loses what is under way, and nothing else', async () => {
    const machine = fakeMachine({ respond: () => new Promise(() => undefined) })
    const connection = machine.connect()
    const running = connection.exec(sh`work`)
    machine.lose()
    expect(await running).toMatchObject({ kind: 'lost' })
    expect(machine.commands).toEqual(['work'])
  })
  test('throws while it is unreachable', async () => {
    const { machine, exec } = fakeConnection()
    machine.unreachable(true)
    await expect(exec(sh`true`)).rejects.toMatchObject({ fault: 'unreachable' })
    machine.unreachable(false)
    expect(await exec(sh`true`)).toMatchObject({ kind: 'exit', code: 0 })
  })
  test('starting anew leaves its jobs unknown', async () => {
    const { machine, job } = fakeConnection({ respond: () => new Promise(() => undefined) })
    const one = await job('a', sh`work`)
    machine.reboot()
    expect(await one.wait()).toMatchObject({ kind: 'unknown' })
  })
  test('shows lines before the answer', async () => {
    const lines: string[] = []
    const { exec } = fakeConnection({
      respond: async (_text, _stdin, { say }) => {
        say('half')
        return { stdout: 'done\n' }
      },
    })
    expect(await exec(sh`x`, { onLine: (line) => lines.push(line) })).toMatchObject({
      stdout: 'half\ndone\n',
    })
    expect(lines).toEqual(['half', 'done'])
  })
})
