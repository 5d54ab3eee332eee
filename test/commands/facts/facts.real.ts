import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeProject, type Project } from '../../support/project.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'

let server: Sshd
let project: Project
beforeAll(async () => {
  server = await startSshd('127.120.0.10')
  project = await makeProject({})
  const { endpoint, knownHosts, userKey } = server
  await project.write(
    'inventory/hosts.yml',
    `web:\n  hosts:\n    h1: { ansible_host: ${endpoint.address}, ansible_port: ${endpoint.port}, ansible_ssh_private_key_file: ${userKey}, ansible_ssh_common_args: "-F none -o UserKnownHostsFile=${knownHosts}", upgrade_fleet_dir: ${endpoint.workdir} }\n`,
  )
})
afterAll(() => server.stop())

test('a real machine tells of itself, and not its machine-id', async () => {
  const { code, out, err } = await project.call(['facts', 'h1', '--output', 'json'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const facts = JSON.parse(out)
  expect(facts).toMatchObject({
    host: 'h1',
    hostname: hostname(),
    system: 'Linux',
    user_uid: process.getuid?.(),
    boot_id: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  })
  expect(facts.distribution).not.toBeNull()
  expect(facts.memtotal_mb).toBeGreaterThan(0)
  expect(facts.processor_vcpus).toBeGreaterThan(0)
  expect(facts.tools).toMatchObject({ tar: expect.stringContaining('/tar'), svn: '/usr/bin/svn' })
  expect(facts.listening).toContainEqual({ address: '127.120.0.10', port: server.endpoint.port })
  expect(facts.mounts.length).toBeGreaterThan(0)
  expect(facts.epoch - facts.clock_skew_seconds).toBe(Date.parse('2026-11-22T10:00:00Z') / 1000)
  expect(out).not.toContain('machine')
  const lines = await project.call(['facts', 'web'])
  expect(lines.out).toMatch(/^h1\n {2}host /)
  expect(lines.out).toMatch(/^ {2}tools +tar/m)
})

test('a host that cannot be reached is told as one, in JSON too', async () => {
  await project.write(
    'inventory/gone.yml',
    'web:\n  hosts:\n    h1: { ansible_connection: ssh, ansible_host: 127.120.0.11, ansible_port: 1, ansible_host_key_checking: true }\n',
  )
  const { code, out } = await project.call(['facts', 'h1', '-i', 'inventory/gone.yml', '--output', 'json'])
  expect(code).toBe(4)
  expect(JSON.parse(out)).toEqual({ host: 'h1', error: expect.stringContaining('unreachable') })
})
