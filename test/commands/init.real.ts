import { execFileSync, spawnSync } from 'node:child_process'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { files } from '../support/site.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The command as it is built, in a directory. */
function typed(cwd: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/main.js'), ...args], {
    cwd,
    encoding: 'utf8',
  })
  return { code: status, out: stdout, err: stderr }
}

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' })
})

test('what the built command makes passes the check of the built command, and its own tsconfig', async () => {
  const cwd = await files({})
  expect(typed(cwd, 'init')).toMatchObject({ code: 0, err: '' })
  expect(typed(cwd, 'check', 'playbooks/verify.ts')).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringMatching(/: good: \d+ plays/),
  })
  expect(typed(cwd, 'check', 'playbooks/to-3.0.0.ts').err).toContain('artifacts: wso2am-3.0.0 is not listed')

  const compilerOptions = {
    paths: { 'upgrade-fleet': [join(root, 'src/index.ts')] },
    typeRoots: [join(root, 'node_modules/@types')],
  }
  await writeFile(join(cwd, 'test.json'), JSON.stringify({ extends: './tsconfig.json', compilerOptions }))
  const compile = () =>
    spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'test.json'], {
      cwd,
      encoding: 'utf8',
    })
  expect(compile()).toMatchObject({ status: 0, stdout: '' })
  await writeFile(
    join(cwd, 'playbooks/wrong.ts'),
    "import { fleet } from '../inventory/fleet.ts'\nfleet.groups.nobody\n",
  )
  expect(compile().stdout).toMatch(/^playbooks\/wrong\.ts\(2,14\): error TS2339: Property 'nobody'/)
})

test('the schemas of what it makes are those of its fleet, and doctor loads that fleet too', async () => {
  const cwd = await files({})
  typed(cwd, 'init')
  const { out, code } = typed(cwd, 'inventory', 'schema', 'vars')
  expect(code).toBe(0)
  const { properties } = JSON.parse(out).definitions.vars
  expect(properties.apim_home.description).toMatch(/^The home that serves now/)
  expect(properties.apim_version.anyOf[0].enum).toContain('1.9.1')
  expect(typed(cwd, 'doctor').out).toContain('fleet: the inventory is one of inventory/fleet.ts')
})

test('an import passes check', async () => {
  const cwd = await files({})
  await cp(join(root, 'test/fixtures/ansible/distributed'), join(cwd, 'old'), { recursive: true })
  expect(typed(cwd, 'init', 'new', '--from-ansible', 'old')).toMatchObject({ code: 0, err: '' })
  expect(typed(join(cwd, 'new'), 'check', 'playbooks/verify.ts')).toMatchObject({ code: 0, err: '' })
})
