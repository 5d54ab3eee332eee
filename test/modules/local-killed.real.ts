import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { bundled } from '../support/bundle.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'
import { until } from '../support/until.ts'

const source = fileURLToPath(new URL('../../src', import.meta.url))
let program: string
beforeAll(async () => {
  program = await bundled(join(source, 'main.ts'))
})

// It takes a second to end when it is told to, and has a child that would go on for ever.
const book = `${prelude}
import * as local from '${source}/modules/local.ts'
const long = \`exec 2>/dev/null; trap 'sleep 1; echo ended >>log; exit 1' TERM
sleep 987 & echo $! >>pids; echo $$ >>pids; echo begun $$ >>log
until [ -e gate ]; do sleep 0.1; done; kill %1; echo done >>log\`
export default playbook('long', { fleet }, (site) => [
  play('first', site.web[0]).task('local', ({ host }) =>
    local.shell({ shell: long, cwd: host.vars.dir, undo: { shell: 'echo undone >>log', cwd: host.vars.dir } })),
])
`
const log = ({ cwd }: Project) => {
  const path = join(cwd, 'a/log')
  return existsSync(path) ? readFileSync(path, 'utf8').replaceAll(/\d+/g, 'N').trim().split('\n') : []
}
const alive = (pid: string) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
const living = ({ cwd }: Project) =>
  readFileSync(join(cwd, 'a/pids'), 'utf8').trim().split('\n').filter(alive)

/** A project whose controller was ended by KILL while a command of its machine ran. */
async function killed(): Promise<Project> {
  const project = await makeProject({ 'long.ts': book })
  const controller = spawn(process.execPath, [program, 'run', 'long.ts'], {
    cwd: project.cwd,
    stdio: 'ignore',
  })
  const gone = new Promise((resolve) => controller.once('exit', resolve))
  await until(() => log(project).length === 1, 'it runs')
  controller.kill('SIGKILL')
  await gone
  return project
}

test('a command ends with a controller that was killed, and all that it started', async () => {
  const project = await killed()
  await until(() => log(project).includes('ended'), 'it was told to end')
  await until(() => living(project).length === 0, 'nothing of it is alive')
})

test('a resume at once waits for the end of it, and does it again', async () => {
  const project = await killed()
  await project.write('a/gate', '')
  const { code, err, out } = await project.call(['resume'])
  expect(code, err + out).toBe(0)
  expect(log(project)).toEqual(['begun N', 'ended', 'begun N', 'done'])
  await until(() => living(project).length === 0, 'nothing of it is alive')
})

test('so does a rollback, before it takes it back', async () => {
  const project = await killed()
  const { code, err, out } = await project.call(['rollback', '--yes'])
  expect(code, err + out).toBe(0)
  expect(log(project)).toEqual(['begun N', 'ended', 'undone'])
  expect(living(project)).toEqual([])
})
