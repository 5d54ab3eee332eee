import { expect, test } from 'vitest'
import { disagreements } from '../../src/apim/agreement.ts'

const carbon = (own = '', offset = '0', password = 'wso2carbon') =>
  `<Server><Ports><Offset>${offset}</Offset></Ports><Security><KeyStore><Password>${password}</Password></KeyStore></Security>${own}</Server>`
const synchronizer = (enabled: boolean) =>
  `<DeploymentSynchronizer><Enabled>${enabled}</Enabled><RepositoryType>svn</RepositoryType><SvnUrl>svn://s/old/</SvnUrl></DeploymentSynchronizer>`
const none = { svn: undefined, keystorePassword: false }

test.each([
  ['nothing special', carbon(), none, []],
  ['the repository of the inventory', carbon(synchronizer(true)), { ...none, svn: 'svn://s/old' }, []],
  ['a synchronizer that is off', carbon(synchronizer(false)), none, []],
  ['a synchronizer that nobody named', carbon(synchronizer(true)), none, [/the inventory has no svn/]],
  ['another repository', carbon(synchronizer(true)), { ...none, svn: 'svn://s/other' }, [/svn\.old_url/]],
  ['a keystore of its own', carbon('', '0', 'secret'), none, [/keystores\.password/]],
  ['a keystore that is named', carbon('', '0', 'secret'), { ...none, keystorePassword: true }, []],
] as const)('%s', (_, text, claims, expected) => {
  const found = disagreements(text, claims)
  expect(found).toHaveLength(expected.length)
  for (const [at, words] of expected.entries()) expect(found[at]).toMatch(words)
  expect(found.join()).not.toContain('secret')
})
