import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SshController } from '../../src/inventory/ssh-config.ts'
import { commandRunner } from '../../src/inventory/ssh-exec.ts'
import { sshFiles } from '../../src/inventory/ssh-files.ts'
import { type SshSettings, sshSettings } from '../../src/inventory/ssh-settings.ts'

const directory = mkdtempSync(join(tmpdir(), 'upgrade-fleet-ssh-config-'))
const { uid, username, homedir: home } = userInfo()
const controller = (): SshController => ({
  user: username,
  uid,
  home,
  hostName: 'here',
  env: () => '/run/agent',
  files: sshFiles(uid),
  run: commandRunner('/bin/sh'),
})
writeFileSync(join(directory, 'more-1.conf'), 'User included\nHost gw*\n  Port 2201\n', { mode: 0o600 })
writeFileSync(join(directory, 'more-2.conf'), 'Match host b*\n  HostName from-more\nInclude missing\n', {
  mode: 0o600,
})

type Shown = Readonly<Record<string, readonly string[]>>

const compared = [
  'hostname',
  'port',
  'user',
  'identityfile',
  'identitiesonly',
  'userknownhostsfile',
  'globalknownhostsfile',
  'hashknownhosts',
  'hostkeyalias',
  'proxyjump',
  'proxycommand',
  'connecttimeout',
  'serveraliveinterval',
  'serveralivecountmax',
]

/** What `ssh -G` says; undefined where it refuses the file. */
function openSsh(text: string, host: string): Shown | undefined {
  const file = join(directory, 'config')
  writeFileSync(file, text, { mode: 0o600 })
  try {
    const said = execFileSync('ssh', ['-G', '-F', file, host], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const shown: Record<string, string[]> = {}
    for (const line of said.split('\n')) {
      const [key = '', ...rest] = line.split(' ')
      if (!compared.includes(key)) continue
      shown[key] = [...(shown[key] ?? []), rest.join(' ')]
    }
    return shown
  } catch {
    return undefined
  }
}

/** The same out of our own reading, in the words of `ssh -G`. */
function ours(text: string, host: string): Shown | undefined {
  const file = join(directory, 'config')
  writeFileSync(file, text, { mode: 0o600 })
  let found: SshSettings
  try {
    found = sshSettings(host, [], [{ path: file, system: false, checked: false, wanted: true }], controller())
  } catch (error) {
    if (error instanceof Error && error.name === 'InputError') return undefined
    throw error
  }
  const defaults = ['rsa', 'ecdsa', 'ecdsa_sk', 'ed25519', 'ed25519_sk', 'xmss', 'dsa']
  const keys = found.identityFiles?.map((one) => one.value)
  const said = (value: string | number | undefined) => (value === undefined ? {} : [String(value)])
  return Object.fromEntries(
    Object.entries({
      hostname: [found.hostName.value],
      port: [String(found.port.value)],
      user: [found.user?.value ?? username],
      identityfile:
        keys?.length === 0 ? ['none'] : (keys ?? defaults.map((name) => `${home}/.ssh/id_${name}`)),
      identitiesonly: [found.identitiesOnly?.value ? 'yes' : 'no'],
      userknownhostsfile: [found.userKnownHostsFiles.value.join(' ') || 'none'],
      globalknownhostsfile: [found.globalKnownHostsFiles.value.join(' ') || 'none'],
      hashknownhosts: [found.hashKnownHosts?.value ? 'yes' : 'no'],
      hostkeyalias: said(found.hostKeyAlias?.value),
      proxyjump: said(
        /^none$/i.test(found.proxyJump?.value ?? 'none')
          ? undefined
          : found.proxyJump?.value.replace('ssh://', ''),
      ),
      proxycommand: said(found.proxyCommand?.value === 'none' ? undefined : found.proxyCommand?.value),
      connecttimeout: [String(found.connectTimeout?.value || 'none')],
      serveraliveinterval: [String(found.serverAliveInterval?.value ?? 0)],
      serveralivecountmax: [String(found.serverAliveCountMax?.value ?? 3)],
    }).filter((entry): entry is [string, string[]] => Array.isArray(entry[1])),
  )
}

/** Beside others, `none` says nothing. */
const withoutNone = (paths: readonly string[]): readonly string[] =>
  paths.every((path) => path === 'none') ? ['none'] : paths.filter((path) => path !== 'none')

/** `ssh -G` leaves `~` in identity files and the tokens of a proxy's command; nothing else that is compared here has any. */
const putIn = (shown: Shown | undefined): Shown | undefined =>
  shown && {
    ...shown,
    ...(shown['identityfile'] && {
      identityfile: withoutNone(shown['identityfile']).map((path) =>
        path
          .replace(/^~(?=\/)/, home)
          .replace('%h', shown['hostname']?.[0] ?? '')
          .replace('%r', shown['user']?.[0] ?? ''),
      ),
    }),
    ...(shown['proxycommand'] && {
      proxycommand: shown['proxycommand'].map((command) =>
        command.replace('%h', shown['hostname']?.[0] ?? '').replace('%p', shown['port']?.[0] ?? ''),
      ),
    }),
  }

const host = fc.constantFrom('gw1', 'GW1', 'gw2.example.org', 'bastion', '10.0.0.1', 'b')
const pattern = fc.constantFrom(
  'gw?',
  'gw*',
  '*',
  '!gw1',
  'bastion',
  '*.example.org',
  '10.*',
  'GW1',
  '"gw1"',
  'b*',
)
const list = fc.array(pattern, { minLength: 1, maxLength: 3 })
// OpenSSH 9.2 splits a Match line another way than later ones, where it has quotes inside a word.
const bare = fc.array(
  pattern.filter((one) => !one.includes('"')),
  { minLength: 1, maxLength: 3 },
)
const criterion = fc.oneof(
  bare.map((all) => `host ${all.join(',')}`),
  bare.map((all) => `!host ${all.join(',')}`),
  bare.map((all) => `originalhost ${all.join(',')}`),
  fc.constantFrom(
    `localuser ${username}`,
    'localuser nobody-here',
    '!user wso2',
    'user wso2,included',
    'final',
    'canonical',
    '!canonical',
    'HOST gw*',
    'exec true',
    'exec "exit 3"',
    '!exec false',
    'exec "test %h = gw1"',
    'exec "test %n:%p = GW1:2222"',
    'exec "test %r = wso2"',
    'exec "test %k = alias"',
    'exec "test %d = /root && test %u = root && test %i = 0"',
    '!final',
    'all',
  ),
)
const setting = fc.constantFrom(
  'HostName real-%h.example.org',
  'HostName=10.9.9.9',
  'hostname "Quoted"',
  'Port 2222',
  'Port = 2022',
  'Port x',
  'User wso2',
  'User "deploy"',
  '  user    other   # who',
  'IdentityFile ~/.ssh/one',
  'IdentityFile /keys/two',
  'IdentityFile "/keys/with space"',
  'IdentitiesOnly yes',
  'UserKnownHostsFile /k1 "/k 2" ~/k3',
  'GlobalKnownHostsFile /g1',
  'HostKeyAlias alias',
  'ProxyJump jump',
  'ProxyJump me@b1:2200,b2',
  'ProxyJump none',
  'ProxyCommand nc -x "a b" %h %p # kept',
  'ProxyCommand none',
  'ConnectTimeout 1m30s',
  'ConnectTimeout 7',
  'ServerAliveInterval 20',
  'ServerAliveCountMax 5',
  'IgnoreUnknown Use*,Fo?',
  'UseSomething yes',
  'Foo bar',
  '# nothing',
  '',
  `Include ${directory}/more-*.conf`,
  `Include ${directory}/more-1.conf ${directory}/none`,
  'SendEnv LANG LC_*',
  'HOSTNAME=upper',
  'HostName = "10.1.1.1" # why',
  "User 'single'",
  'User=eq#val',
  'Port 22 # of old',
  'Port=2203#x',
  'IdentityFile none',
  'IdentityFile ~/.ssh/%h-%r',
  'IdentityAgent none',
  'HashKnownHosts yes',
  'HashKnownHosts no',
  'UserKnownHostsFile none',
  'UserKnownHostsFile /dev/null',
  'UserKnownHostsFile /k/%h_%p_%r_%n %d/k',
  'GlobalKnownHostsFile none',
  'ProxyJump [::1]:2200',
  'ProxyJump me@[fe80::1]',
  'ProxyJump ssh://me@b1:2201',
  'proxyjump=NONE',
  'ProxyCommand=ssh -W %h:%p b',
  'Include',
  'Host',
  'HostKeyAlias "al ias"',
  'ServerAliveInterval 1h',
  'IdentitiesOnly maybe',
  'Port 22 23',
  'User',
  'User "open',
)
const line = fc.oneof(
  { weight: 6, arbitrary: setting },
  { weight: 2, arbitrary: list.map((all) => `Host ${all.join(' ')}`) },
  {
    weight: 1,
    arbitrary: fc.array(criterion, { minLength: 1, maxLength: 3 }).map((all) => `Match ${all.join(' ')}`),
  },
)

test('reads what ssh -G reads', () => {
  let read = 0
  fc.assert(
    fc.property(fc.array(line, { maxLength: 9 }), host, (lines, name) => {
      const text = `${lines.join('\n')}\n`
      const theirs = putIn(openSsh(text, name))
      if (theirs !== undefined) read += 1
      // What does not count for this machine is not looked at here, so a bad value may stand there.
      if (theirs === undefined && ours(text, name) !== undefined) {
        fc.pre(
          /^\s*(Port (x|22 23)|Port=2203#x|User( "open)?|IdentitiesOnly maybe|Include|Host)$/m.test(text) ===
            false,
        )
      }
      expect(ours(text, name)).toEqual(theirs)
    }),
    { numRuns: 500, seed: 77 },
  )
  expect(read).toBeGreaterThan(100)
})
