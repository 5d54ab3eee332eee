import { expect, test } from 'vitest'
import { askPassphrases, loginOfRun, personAt, typedLogin, typedPassword } from '../../src/commands/login.ts'
import type { Typed } from '../../src/commands/typed.ts'
import type { ServerAsks } from '../../src/connect/context.ts'
import { fakeIo } from '../support/io.ts'

const nobody = async () => expect.fail('somebody was asked')

test('-k asks once, and what was typed is in nothing that is written down', async () => {
  const io = fakeIo({ answers: true })
  const asked: string[] = []
  const ask = async (_: unknown, message: string) => {
    asked.push(message)
    return 'canary-4711'
  }
  const first = await typedLogin(io, { askPass: true, user: 'ann' }, ask)
  const again = await typedLogin(io, first, nobody)
  expect(asked).toEqual(['Password to log in with:'])
  expect(again.typed.of(typedPassword.name)).toBe('canary-4711')
  expect([...again.typed.values()]).toEqual(['canary-4711'])
  expect(JSON.stringify([first, again, typedPassword])).not.toContain('4711')
  expect(io.written).toEqual({ out: '', err: '' })
})

test('without -k nobody is asked, and without a terminal it is refused', async () => {
  const { typed } = await typedLogin(fakeIo(), {}, nobody)
  expect(typed.of(typedPassword.name)).toBeUndefined()
  await expect(typedLogin(fakeIo(), { askPass: true }, nobody)).rejects.toThrow(/^-k: expected a terminal/)
  const silent = typedLogin(fakeIo({ answers: true }), { askPass: true }, async () => '')
  await expect(silent).rejects.toThrow(/^-k: expected a password, got none/)
  const stopped = fakeIo({ answers: true, interrupted: AbortSignal.abort() })
  await expect(typedLogin(stopped, { askPass: true }, async () => '')).rejects.toMatchObject({ code: 130 })
})

test('passphrases are not asked for where nobody can answer', async () => {
  const typed: Typed = (await typedLogin(fakeIo(), {})).typed
  await askPassphrases(fakeIo(), [], { secrets: () => '', home: '/' }, typed, nobody)
  expect(typed.passphrases.size).toBe(0)
})

test('what goes on from a run logs in as the run did, but for what is typed anew', () => {
  const record = { login: { user: 'ann', privateKey: '/k', timeout: 45 } } as Parameters<typeof loginOfRun>[0]
  expect(loginOfRun(record, {})).toEqual({ user: 'ann', privateKey: '/k', timeout: 45 })
  expect(loginOfRun(record, { user: 'bob', timeout: 9 })).toEqual({
    user: 'bob',
    privateKey: '/k',
    timeout: 9,
  })
})

test('servers are asked for one after the other, hidden or not, while the screen stands aside', async () => {
  const log: string[] = []
  const screen = { pause: () => void log.push('pause'), resume: () => void log.push('resume') }
  const asks = (kind: string) => async (_: unknown, message: string) => {
    log.push(`${kind} ${message}`)
    return message.length.toString()
  }
  const ask = personAt(fakeIo({ answers: true }), () => screen, [asks('hidden'), asks('open')])
  const server = (host: string, ...prompts: ServerAsks['prompts']): ServerAsks => ({
    host,
    said: '',
    prompts,
    gone: new AbortController().signal,
  })
  const answers = await Promise.all([
    ask?.(server('a', { text: 'Name:', hidden: false }, { text: 'Code:', hidden: true })),
    ask?.({ ...server('b', { text: 'Code:', hidden: true }), gone: AbortSignal.abort() }),
    ask?.(server('c', { text: 'Code:', hidden: true })),
  ])
  expect(answers).toEqual([['13', '13'], undefined, ['13']])
  expect(log.join()).toBe(
    'pause,open a asks: Name:,hidden a asks: Code:,resume,pause,hidden c asks: Code:,resume',
  )
  expect(personAt(fakeIo(), () => screen)).toBeUndefined()
})
