import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findAnsibleCfg, parseAnsibleCfg } from '../../src/inventory/ansible-cfg.ts'
import { insteadOf } from '../../src/inventory/ansible-settings.ts'
import { files } from '../support/site.ts'

const all = { 'p/ansible.cfg': '', 'home/.ansible.cfg': '', 'etc/ansible.cfg': '', 'x/ansible.cfg': '' }

async function find(contents: Readonly<Record<string, string>>, env = {}, mode = 0o755) {
  const root = await files(contents)
  await mkdir(join(root, 'p'), { recursive: true })
  await chmod(join(root, 'p'), mode)
  const named = Object.fromEntries(
    Object.entries(env).map(([key, value]) => [key, join(root, String(value))]),
  )
  const at = {
    cwd: join(root, 'p'),
    home: join(root, 'home'),
    env: named,
    system: join(root, 'etc/ansible.cfg'),
  }
  const { file, unsafe } = await findAnsibleCfg(at)
  return [file?.slice(root.length + 1), unsafe?.slice(root.length + 1)]
}

test('an ansible.cfg is found in the order of Ansible', async () => {
  const { 'p/ansible.cfg': _here, ...others } = all
  expect(await find(all, { ANSIBLE_CONFIG: 'x/ansible.cfg' })).toEqual(['x/ansible.cfg', undefined])
  expect(await find(all, { ANSIBLE_CONFIG: 'x' })).toEqual(['x/ansible.cfg', undefined])
  expect(await find(all, { ANSIBLE_CONFIG: 'no.cfg' })).toEqual(['p/ansible.cfg', undefined])
  expect(await find(all)).toEqual(['p/ansible.cfg', undefined])
  expect(await find(others)).toEqual(['home/.ansible.cfg', undefined])
  expect(await find({ 'etc/ansible.cfg': '' })).toEqual(['etc/ansible.cfg', undefined])
  expect(await find({})).toEqual([undefined, undefined])
})

test('that of a directory in which everybody may write is passed over, but where it is named', async () => {
  expect(await find(all, {}, 0o777)).toEqual(['home/.ansible.cfg', 'p/ansible.cfg'])
  expect(await find({ 'p/ansible.cfg': '' }, {}, 0o777)).toEqual([undefined, 'p/ansible.cfg'])
  expect(await find(all, { ANSIBLE_CONFIG: 'p/ansible.cfg' }, 0o777)).toEqual(['p/ansible.cfg', undefined])
})

test('comments, continuations and empty values are as in configparser', () => {
  const text = '; c\n# c\n[a]\nKey = v ; c\nb: x;y\nempty =\nalone\nlong = 1\n  2\n\n[b]\nk=v#1\n'
  expect(parseAnsibleCfg(text).map(({ section, key, value, line }) => [section, key, value, line])).toEqual([
    ['a', 'key', 'v', 4],
    ['a', 'b', 'x;y', 5],
    ['a', 'empty', '', 6],
    ['a', 'alone', undefined, 7],
    ['a', 'long', '1 2', 8],
    ['b', 'k', 'v#1', 12],
  ])
})

test('what changes what an inventory means matters, its usual value does not', () => {
  const matters = (section: string, key: string, value: string) =>
    insteadOf({ section, key, value, line: 1 })?.matters
  expect(matters('defaults', 'hash_behaviour', 'merge')).toBe(true)
  expect(matters('defaults', 'hash_behaviour', 'replace')).toBe(false)
  expect(matters('defaults', 'force_valid_group_names', 'always')).toBe(true)
  expect(matters('defaults', 'forks', '5')).toBe(false)
  expect(matters('defaults', 'cowpath', 'x')).toBeUndefined()
})
