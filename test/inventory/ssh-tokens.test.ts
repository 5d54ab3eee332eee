import { expect, test } from 'vitest'
import { sshSettings } from '../../src/inventory/ssh-settings.ts'

const texts: Readonly<Record<string, string>> = {
  '/home/me/.ssh/config': `HostName %h.example.org
Port 2022
User wso2
HostKeyAlias alias
IdentityFile ~/.ssh/%n-%h-%p-%r-%u-%i-%k-%l-%L-%%
IdentityFile %d/\${WHERE}/key
IdentityAgent $SOCKET
UserKnownHostsFile ~/a /b
ProxyCommand nc %h %p %n %r %%
`,
}

test('tokens, the home and the environment are put in', () => {
  const found = sshSettings(
    'Gw1',
    [],
    [{ path: '/home/me/.ssh/config', system: false, checked: true, wanted: true }],
    {
      user: 'me',
      uid: 1000,
      home: '/home/me',
      hostName: 'here.example.org',
      env: (name) => ({ WHERE: 'there', SOCKET: '/run/agent' })[name],
      files: { read: (path) => texts[path], glob: () => [] },
    },
  )
  expect(found.identityFiles?.map((one) => one.value)).toEqual([
    '/home/me/.ssh/Gw1-gw1.example.org-2022-wso2-me-1000-alias-here.example.org-here-%',
    '/home/me/there/key',
  ])
  expect(found.identityAgent?.value).toBe('/run/agent')
  expect(found.userKnownHostsFiles.value).toEqual(['/home/me/a', '/b'])
  expect(found.proxyCommand?.value).toBe('nc gw1.example.org 2022 Gw1 wso2 %')
})
