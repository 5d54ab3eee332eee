import { expect, test } from 'vitest'
import { factsOf } from '../../../src/commands/facts/facts.ts'
import { factLines } from '../../../src/commands/facts/lines.ts'

const answer = (...lines: readonly string[]) => factsOf(lines.join('\n'), ['tar', 'svn'], 1000)

test('a machine that tells nothing has facts all the same', () => {
  const facts = answer('')
  expect(facts).toMatchObject({ hostname: null, epoch: null, clock_skew_seconds: null, mounts: [], java: [] })
  expect(facts.tools).toEqual({ tar: null, svn: null })
  expect(factLines(facts)).toEqual(['missing   tar svn'])
})

test.each([
  ['os	ID=debian', { distribution: 'debian' }],
  ['os	VERSION_ID="12"', { distribution_version: '12' }],
  [
    'os	PRETTY_NAME="Red Hat Enterprise Linux Server 7.9 (Maipo)"',
    { distribution_name: 'Red Hat Enterprise Linux Server 7.9 (Maipo)' },
  ],
  ["os	ID='odd=id'", { distribution: 'odd=id' }],
  ['memory	MemTotal:       16384000 kB', { memtotal_mb: 16000 }],
  ['memory	MemFree:  2048 kB', { memavailable_mb: 2 }],
  ['memory	MemAvailable:  4096 kB\nmemory	MemFree:  2048 kB', { memavailable_mb: 4 }],
  ['uptime	350735.47 234388.90', { uptime_seconds: 350735 }],
  ['uid	0', { user_uid: 0 }],
  ['uid	none', { user_uid: null }],
  ['group	wso2\ngroup	domain users', { groups: ['wso2', 'domain users'] }],
  ['init	systemd\nsystemd	yes', { init: 'systemd', service_mgr: 'systemd' }],
  ['init	sshd', { service_mgr: 'sshd' }],
  ['epoch	1007', { epoch: 1007, clock_skew_seconds: 7 }],
  ['epoch	940', { clock_skew_seconds: -60 }],
])('what is told is read: %s', (line, facts) => {
  expect(answer(line)).toMatchObject(facts)
})

test('file systems have bytes and inodes, whatever their names', () => {
  const { mounts } = answer(
    'bytes	Filesystem     1024-blocks     Used Available Capacity Mounted on',
    'bytes	/dev/sda1         20000000 10000000   9000000      53% /',
    'bytes	//nas/a share        1000      100       900      10% /mnt/with blank',
    'bytes	proc                    0        0         0       - /proc',
    'bytes	overfull             1000     1010       -10     101% /full',
    'inodes	Filesystem      Inodes  IUsed   IFree IUse% Mounted on',
    'inodes	/dev/sda1      1280000 280000 1000000   22% /',
    'inodes	//nas/a share        0      0       0     - /mnt/with blank',
  )
  const counts = { inode_total: null, inode_available: null }
  expect(mounts).toEqual([
    {
      mount: '/',
      device: '/dev/sda1',
      size_total: 20480000000,
      size_available: 9216000000,
      inode_total: 1280000,
      inode_available: 1000000,
    },
    {
      mount: '/mnt/with blank',
      device: '//nas/a share',
      size_total: 1024000,
      size_available: 921600,
      ...counts,
    },
    { mount: '/full', device: 'overfull', size_total: 1024000, size_available: -10240, ...counts },
  ])
})

test('each Java home is told once, with the version of its release file', () => {
  const { java } = answer(
    'java	JAVA_HOME	/opt/jdk 8	JAVA_VERSION="1.8.0_402"',
    'java	PATH	/opt/jdk 8	JAVA_VERSION="1.8.0_402"',
    'java	/usr/lib/jvm	/usr/lib/jvm/jdk6	',
  )
  expect(java).toEqual([
    { home: '/opt/jdk 8', found: 'JAVA_HOME', version: '1.8.0_402' },
    { home: '/usr/lib/jvm/jdk6', found: '/usr/lib/jvm', version: null },
  ])
})

test.each([
  ['0100007F:0CEA', '127.0.0.1', 3306],
  ['00000000:24E3', '0.0.0.0', 9443],
  ['00000000000000000000000000000000:0016', '::', 22],
  ['00000000000000000000000001000000:0016', '::1', 22],
  ['0000000000000000FFFF00000100007F:1F90', '127.0.0.1', 8080],
  ['B80D0120000000000000000001000000:0050', '2001:db8:0:0:0:0:0:1', 80],
])('a listening address of the kernel is read: %s', (line, address, port) => {
  expect(answer(`listen	${line}`, `listen	${line}`).listening).toEqual([{ address, port }])
})

test('a clock that differs is told in lines', () => {
  expect(factLines(answer('epoch	1090'))).toContain('clock     90 s ahead')
  expect(factLines(answer('epoch	1000'))).toContain('clock     as ours')
})
