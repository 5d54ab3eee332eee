import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { secretStore } from '../../src/inventory/secrets.ts'
import { secret } from '../../src/model/secret.ts'
import { secretRef } from '../../src/model/secret-schema.ts'
import { files, problemsOf } from '../support/site.ts'

describe('secretRef', () => {
  it.each([
    [{ env: 'DB_PASSWORD' }, 'env:DB_PASSWORD'],
    [{ file: '/run/secrets/db' }, 'file:/run/secrets/db'],
  ])('%j', (value, name) => expect(secretRef().parse(value).name).toBe(name))

  it.each([
    'hunter2',
    ['hunter2'],
    { env: 'hunter2 3' },
    { file: 'hunter2' },
    { env: 'A', file: '/hunter2' },
    { value: 'hunter2' },
  ])('refuses %j without telling it', (value) => {
    const { error } = secretRef().safeParse(value)
    expect(error?.issues[0]?.message).toMatch(/^expected .*, got /)
    expect(JSON.stringify(error?.issues)).not.toContain('hunter2')
  })

  it('refuses nothing too', () => {
    expect(secretRef().safeParse(undefined).error?.issues[0]?.message).toContain('got nothing')
    expect(z.object({ password: secretRef() }).safeParse({}).error?.issues[0]?.path).toEqual(['password'])
    expect(secretRef().optional().parse(undefined)).toBeUndefined()
  })
})

describe('secretStore', () => {
  const file = { text: 'hunter2\n', uid: 1000, mode: 0o100600 }
  const store = (over: Partial<typeof file> = {}) =>
    secretStore({ PW: 'from env', EMPTY: '' }, 1000, () => ({ ...file, ...over }))

  it('finds what the environment and files hold', () => {
    expect(store()(secret('env:PW'))).toBe('from env')
    expect(store()(secret('file:/pw'))).toBe('hunter2')
    expect(store({ text: 'a\n\n' })(secret('file:/pw'))).toBe('a\n')
    expect(store({ mode: 0o100400 })(secret('file:/pw'))).toBe('hunter2')
  })

  it('reads real files', async () => {
    const directory = await files({ open: 'hunter2\n', closed: 'hunter2\n' })
    await chmod(join(directory, 'open'), 0o644)
    await chmod(join(directory, 'closed'), 0o600)
    const real = secretStore({}, undefined)
    expect(real(secret(`file:${directory}/closed`))).toBe('hunter2')
    expect(() => real(secret(`file:${directory}/open`))).toThrow('expected mode 0600, got 0644')
    expect(() => real(secret(`file:${directory}/none`))).toThrow('ENOENT')
  })

  it.each([
    ['env:NONE', {}, 'secret env:NONE: the environment variable is not set'],
    ['env:EMPTY', {}, 'secret env:EMPTY: the environment variable is not set'],
    ['file:/pw', { mode: 0o100640 }, 'secret file:/pw: expected mode 0600, got 0640'],
    ['file:/pw', { uid: 0 }, 'secret file:/pw: expected a file of yours (uid 1000), got one of uid 0'],
    ['file:/pw', { text: '\n' }, 'secret file:/pw: the file is empty'],
    ['db', {}, 'secret db: expected env:NAME or file:/absolute/path'],
  ])('refuses %s %j', async (name, over, problem) => {
    expect(await problemsOf(() => store(over)(secret(name)))).toEqual([problem])
  })
})
