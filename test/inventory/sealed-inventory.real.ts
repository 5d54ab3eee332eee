import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, test } from 'vitest'
import { closeAge } from '../../src/inventory/age.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'
import { lines as runLines } from '../support/run-folder.ts'

const model = fileURLToPath(new URL('../../src/model', import.meta.url))
const book = `${prelude}
import { secretRef } from '${model}/secret-schema.ts'
const fleet2 = defineFleet({ groups: { apim: any(z.object({ one: secretRef(), weight: z.number() })) }, vars: z.object({}) })
const store = change('test.store', {
  apply: async (on, { path, one }: { path: string; one: import('${model}/secret.ts').Secret }) => { await on.put({ text: [one] }, path); return {} },
  undo: async () => {},
})
export default playbook('store', { fleet: fleet2 }, (site) => [
  play('store', site.apim).task('store', ({ host }) => store({ path: DIR + '/' + host.name + '.stored', one: host.vars.one })),
])
`

let project: Project
const ansible = (program: string, ...args: readonly string[]) =>
  execFileSync(program, [...args, '--vault-password-file', 'pass'], {
    cwd: project.cwd,
    encoding: 'utf8',
    env: { ...process.env, HOME: project.cwd },
  })
const call = (...args: readonly string[]) =>
  project.call([...args, '--vault-password-file', 'pass'], {
    env: { PATH: process.env['PATH'] },
    uid: process.getuid?.(),
  })

const yaml = (cwd: string) => `all:
  vars: { ansible_connection: local, upgrade_fleet_dir: "${cwd}/work" }
  children:
    apim:
      vars: { one: canary-group, weight: 5, list: [1, canary-list, !unsafe "{{ canary }}"] }
      children:
        gateways:
          vars: { ansible_group_priority: "7" }
          hosts:
            gw[1:2]: { zone: canary-zone }
      hosts:
        km: { one: canary-km, upgrade_fleet_dir: "${cwd}/km" }
    traffic: { hosts: { tm:2222: {} } }
`
const ini = (cwd: string) => `km one='canary-km' upgrade_fleet_dir=${cwd}/km
[apim:children]
gateways
[apim]
km
[gateways]
gw[1:2] zone=canary-zone
[apim:vars]
one=canary-group
weight=5
[all:vars]
ansible_connection=local
upgrade_fleet_dir=${cwd}/work
[traffic]
tm:2222
`

describe.each([
  ['inventory/hosts.yml', yaml],
  ['inventory/hosts.ini', ini],
])('%s that is encrypted as a whole', (file, text) => {
  beforeEach(async () => {
    project = await makeProject({})
    execFileSync('rm', [join(project.cwd, 'inventory/hosts.yml')])
    await project.write('store.ts', book.replace('DIR', JSON.stringify(project.cwd)))
    writeFileSync(join(project.cwd, 'pass'), 'vault password 1\n')
    chmodSync(join(project.cwd, 'pass'), 0o600)
    await project.write(file, text(project.cwd))
    ansible('ansible-vault', 'encrypt', file)
  })

  test('has the hosts, groups and numbers that ansible-inventory prints, and shows no text of it', async () => {
    type List = Record<string, unknown> & { _meta: { hostvars: Record<string, Record<string, unknown>> } }
    const theirs = JSON.parse(ansible('ansible-inventory', '-i', file, '--list')) as List
    const { code, out, err } = await call('inventory', '--list')
    expect(code, err).toBe(0)
    const ours = JSON.parse(out) as List
    expect({ ...ours, _meta: null }).toEqual({ ...theirs, _meta: null })
    expect(Object.keys(ours._meta.hostvars)).toEqual(Object.keys(theirs._meta.hostvars))
    for (const [host, vars] of Object.entries(theirs._meta.hostvars)) {
      expect(Object.keys(ours._meta.hostvars[host] ?? {})).toEqual(Object.keys(vars))
      expect(ours._meta.hostvars[host]?.['weight']).toBe(vars['weight'])
    }
    expect(theirs._meta.hostvars['km']?.['one']).toBe('canary-km')
    expect(out + err).not.toContain('canary')
    expect((await call('inventory', '--graph')).out).toBe(ansible('ansible-inventory', '-i', file, '--graph'))
    expect((await call('hosts', 'apim:!km')).out).toBe('gw1\ngw2\n')
  })

  test('gives secrets and connection variables, which are kept nowhere', async () => {
    const { code, out, err } = await call('store.ts')
    expect(code, out + err).toBe(0)
    expect(await project.read('km.stored')).toBe('canary-km')
    expect(await project.read('gw2.stored')).toBe('canary-group')
    expect(out + err + runLines(join(project.cwd, '.upgrade-fleet'))).not.toContain('canary')
    expect((await call('inventory', 'explain', 'km.one')).out).not.toContain('canary')
  })

  test('is not read without its password, and what is wrong with it is not quoted', async () => {
    const { code, err } = await project.call(['hosts', 'all'])
    expect(code).toBe(2)
    expect(err).toContain(`${file}: it is an Ansible vault, and no password for vaults was given`)
    await project.write(file, text(project.cwd).replace('weight', 'apim:\n  canary [\n'))
    ansible('ansible-vault', 'encrypt', file)
    const wrong = await call('hosts', 'all')
    expect(wrong.code).toBe(2)
    expect(wrong.err).toMatch(/hosts\.(yml|ini):\d+:\d+ .*the file is encrypted, so it is not shown/)
    expect(wrong.err).not.toContain('canary')
  })

  test('may be encrypted with age too', async () => {
    const given = { uid: process.getuid?.() }
    const made = await project.call(['secret', 'keygen'], given)
    const [recipient = ''] = /age1\S+/.exec(made.out) ?? []
    await project.write(file, await closeAge(text(project.cwd), [recipient]))
    expect(await project.call(['hosts', 'apim'], given)).toMatchObject({ code: 0, out: 'km\ngw1\ngw2\n' })
    expect(await project.call(['store.ts'], given)).toMatchObject({ code: 0 })
    expect(await project.read('gw2.stored')).toBe('canary-group')
  })
})
