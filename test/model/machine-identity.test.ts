import { expect, test } from 'vitest'
import { anotherBy, kinship, type MachineIdentity } from '../../src/model/machine-identity.ts'

const id = { id: 'm1', boot: 'b1', key: 'ssh-ed25519 k1' }
const bare = { boot: 'b1', key: 'ssh-ed25519 k1' }

test.each<[string, MachineIdentity, MachineIdentity, RegExp | undefined]>([
  ['the same', id, id, undefined],
  ['rebooted', id, { ...id, boot: 'b2' }, undefined],
  ['another machine-id', id, { ...id, id: 'm2' }, /machine-id/],
  ['another host key of that type', id, { ...id, key: 'ssh-ed25519 k2' }, /had ssh-ed25519 k1/],
  ['its host key of another type', id, { ...id, key: 'ssh-rsa k2' }, undefined],
  ['no machine-id any more', id, bare, undefined],
  ['nothing known', {}, id, undefined],
])('one name, %s', (_name, before, now, expected) => {
  const by = anotherBy(before, now)
  if (expected === undefined) expect(by).toBeUndefined()
  else expect(by).toMatch(expected)
})

test.each<[string, MachineIdentity, MachineIdentity, string]>([
  ['the same machine-id', id, { ...id, key: 'ssh-rsa k2' }, 'one'],
  ['the same machine-id by two servers', id, { ...id, key: 'ssh-ed25519 k2' }, 'one'],
  ['the same machine-id, another boot', id, { ...id, boot: 'b2' }, 'copies'],
  ['another machine-id, the same host key', id, { ...id, id: 'm2' }, 'others'],
  ['no machine-id, the same host key', bare, bare, 'one'],
  ['no machine-id, the same host key, another boot', bare, { ...bare, boot: 'b2' }, 'copies'],
  ['containers on a kernel', bare, { ...bare, key: 'ssh-ed25519 k2' }, 'others'],
  ['nothing known', {}, {}, 'others'],
])('two names, %s', (_name, one, other, expected) => {
  expect([kinship(one, other), kinship(other, one)]).toEqual([expected, expected])
})
