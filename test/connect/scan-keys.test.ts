import { expect, test } from 'vitest'
import { recordedAs, recordedName } from '../../src/connect/host-key.ts'
import { rememberKeys } from '../../src/connect/remember-key.ts'
import { scanKeys } from '../../src/connect/scan-keys.ts'

const bastion = { name: 'bastion', kind: 'ssh', address: '127.0.0.1', port: 22 } as const
const behind = { name: 'gw1', kind: 'ssh', address: '10.0.0.1', port: 2222 } as const

test.each([
  [{ ...behind, jump: bastion }, /gw1: it is behind bastion, where keys are not scanned/],
  [{ ...behind, proxyCommand: 'nc %h %p' }, /behind a ProxyCommand/],
])(
  'who is behind another machine is not asked at an address that means something else here',
  async (endpoint, why) => {
    await expect(scanKeys(endpoint, '/nowhere')).rejects.toThrow(why)
  },
)

test('a key is looked up and stored by its alias, which has no port', () => {
  expect([recordedName(behind), recordedName({ ...behind, hostKeyAlias: 'GW' })]).toEqual([
    '[10.0.0.1]:2222',
    'gw',
  ])
  expect(recordedAs({ ...behind, hostKeyAlias: 'GW' })).toEqual({ address: 'gw', port: 22 })
})

test('no key is stored where it holds for everybody on this machine', async () => {
  await expect(rememberKeys(['/etc/ssh/ssh_known_hosts'], 'gw1', 22, [])).rejects.toThrow(/for all users/)
})
