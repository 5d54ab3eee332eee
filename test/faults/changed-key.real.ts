import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeProject, type Project, prelude } from '../support/project.ts'
import { machineWith, type Sshd, startSshd } from '../support/sshd.ts'

// Row 20 of the fault matrix: a changed host key is blocked, and nobody logs in.
const book = `${prelude}
export default playbook('walk', { fleet }, (site) => [
  play('change', site.web).task('one', ({ host }) => write({ path: host.vars.dir + '/one', text: 'new' })),
])
`
let project: Project
let right: Sshd
let changed: Sshd
beforeAll(async () => {
  right = await startSshd('127.107.200.1', [], 2222, machineWith('1'.repeat(32)))
  changed = await startSshd('127.107.200.2', [], 2222, machineWith('2'.repeat(32)))
  project = await makeProject({ 'walk.ts': book })
  // The second is known by the first one's key.
  const known = [right, changed].map(({ endpoint }) => `[${endpoint.address}]:2222 ${right.hostKey}\n`)
  await project.write('known', known.join(''))
  const host = ({ endpoint, userKey }: Sshd, dir: string) =>
    `{ ansible_host: ${endpoint.address}, ansible_port: 2222, ansible_ssh_private_key_file: ${userKey}, ansible_ssh_common_args: "-F none -o UserKnownHostsFile=${project.cwd}/known", color: red, dir: ${join(project.cwd, dir)}, upgrade_fleet_dir: ${join(project.cwd, dir, 'work')} }`
  await project.write(
    'inventory/hosts.yml',
    `web:\n  hosts:\n    gw1: ${host(right, 'a')}\n    gw2: ${host(changed, 'b')}\n`,
  )
})
afterAll(async () => {
  await right.stop()
  await changed.stop()
})

test('a changed host key blocks the run before anything is changed anywhere, and nobody logs in to that host', async () => {
  const run = await project.call(['walk.ts', '--yes'])
  expect(run).toMatchObject({
    code: 2,
    err: expect.stringMatching(
      /gw2: the host key of \[127\.107\.200\.2\]:2222 has changed: .*\n.*ssh-keygen -R/,
    ),
  })
  expect(existsSync(join(project.cwd, 'a/one'))).toBe(false)
  expect(changed.log()).not.toMatch(/Accepted|Failed|Postponed/)
  expect(right.log()).toMatch(/Accepted publickey/)
  expect(await project.journals()).toEqual([])
  // No lock is left.
  expect((await project.call(['walk.ts', '--yes', '--limit', 'gw1'])).code).toBe(0)
})
