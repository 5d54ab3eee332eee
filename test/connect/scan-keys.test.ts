import { expect, test } from 'vitest'
import { recordedName } from '../../src/connect/host-key.ts'
import { rememberKeys } from '../../src/connect/remember-key.ts'

const behind = { name: 'gw1', kind: 'ssh', address: '10.0.0.1', port: 2222 } as const

test('a key is looked up and stored by its alias, which has no port', () => {
  expect([recordedName(behind), recordedName({ ...behind, hostKeyAlias: 'GW' })]).toEqual([
    '[10.0.0.1]:2222',
    'gw',
  ])
})

test.each([
  ['/etc/ssh/ssh_known_hosts', 'gw1', /for all users/],
  [undefined, 'gw1', /no known_hosts file of your own/],
  ['/dev/null', 'gw1', /no file that keeps anything/],
  ['/tmp', 'gw1', /no file that keeps anything/],
  ['/nowhere/x', '*', /would stand for other machines/],
  ['/nowhere/x', 'gw1,gw2', /would stand for other machines/],
  ['/nowhere/x', '!gw1', /would stand for other machines/],
  ['/nowhere/x', '[10.0.0.?]:22', /would stand for other machines/],
  ['/nowhere/x', '@revoked', /would stand for other machines/],
  ['/nowhere/x', 'a\nb', /would stand for other machines/],
])('no key is stored in %s for %j', async (file, name, why) => {
  await expect(rememberKeys({ file, files: [], name, hashed: false }, [])).rejects.toThrow(why)
})
