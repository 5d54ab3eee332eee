import { expect, test } from 'vitest'
import { becomeSaid } from '../../src/inventory/become-vars.ts'
import { accountOf, becomeOf } from '../../src/model/account.ts'
import { secret } from '../../src/model/secret.ts'

test('variables win over what was typed, each by itself', () => {
  const typed = { become: true, becomeUser: 'typed', becomeMethod: 'su' } as const
  expect(becomeSaid({}, undefined)).toBeUndefined()
  expect(becomeSaid({}, undefined, typed)).toEqual({ method: 'su', user: 'typed', always: true })
  expect(becomeSaid({ ansible_become: false, ansible_become_user: 'app' }, undefined, typed)).toEqual({
    method: 'su',
    user: 'app',
    always: false,
  })
  const password = secret('env:P')
  expect(becomeSaid({}, password)).toEqual({ method: 'sudo', user: 'root', always: false, password })
})
test('a task says more than its play, and both more than the machine', () => {
  const play = { options: { become: true, becomeUser: 'app' } } as const
  expect(accountOf(play, { options: {} })).toEqual({ become: true, user: 'app' })
  expect(accountOf(play, { options: { becomeUser: 'db' } })).toEqual({ become: true, user: 'db' })
  expect(accountOf(play, { options: { become: false } })).toEqual({ become: false, user: 'app' })
  const become = { method: 'doas', user: 'web', always: true } as const
  expect(becomeOf({ become }, {})?.user).toBe('web')
  expect(becomeOf({ become }, { become: true, user: 'db' })).toEqual({ ...become, user: 'db' })
  expect(becomeOf({ become }, { become: false })).toBeUndefined()
  expect(becomeOf({}, { become: true })).toEqual({ method: 'sudo', user: 'root', always: true })
  expect(becomeOf({}, { become: true, user: 'me' }, 'me')).toBeUndefined()
})
