import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Endpoint } from '../../src/model/connection.ts'
import { bundled } from '../support/bundle.ts'
import { kill } from '../support/processes.ts'
import { proxied, type TcpProxy } from '../support/proxy.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

// Row 34, as far as the connection goes: a controller that was suspended (a laptop's lid) asks before it gives a peer up.
let sshd: Sshd
let proxy: TcpProxy
let endpoint: Endpoint
let program: string
beforeAll(async () => {
  sshd = await startSshd('127.105.34.1', ['SetEnv HOME=/tmp'])
  ;({ proxy, endpoint } = await proxied(sshd, '127.105.34.2'))
  program = await bundled('test/faults/programs/one-command.ts')
})
afterAll(async () => {
  await proxy.stop()
  await sshd.stop()
})

/** Starts a controller, suspends it while its command runs, for much longer than both its deadlines. */
async function suspended(text: string, watchdog: number, timeout: number, meanwhile: () => Promise<void>) {
  const args = [program, JSON.stringify(endpoint), text, String(watchdog), String(timeout)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      said += part
    })
    await until(
      async () => (await readFile(join(sshd.directory, 'begun'), 'utf8').catch(() => '')) !== '',
      'it',
    )
    child.kill('SIGSTOP')
    const begun = performance.now()
    await meanwhile()
    await until(() => performance.now() - begun > 4000, 'more time than any deadline')
    child.kill('SIGCONT')
    await until(() => said.split('\n').length > 2, 'what came of it', 30)
    return JSON.parse(said.split('\n')[1] ?? '')
  } finally {
    if (child.pid !== undefined) kill(child.pid)
    await writeFile(join(sshd.directory, 'begun'), '')
  }
}
const at = (name: string) => join(sshd.directory, name)

test('what ended meanwhile has ended, though deadline and watchdog are long over', async () => {
  const text = `echo x >${at('begun')}; until [ -e ${at('go')} ]; do sleep 0.02; done; echo done; exit 6`
  const before = proxy.connections()
  const result = await suspended(text, 1.5, 2, () => writeFile(at('go'), ''))
  expect(result).toMatchObject({ kind: 'exit', code: 6 })
  expect(proxy.connections() - before).toBe(1)
})
test('what did not is ended at once, and that over the same connection', async () => {
  const before = proxy.connections()
  const result = await suspended(`echo x >${at('begun')}; sleep 1000`, 1.5, 2, async () => undefined)
  expect(result).toMatchObject({ kind: 'timeout', seconds: 2 })
  expect(proxy.connections() - before).toBe(1)
})
test('a peer that is gone meanwhile is noticed', async () => {
  const result = await suspended(`echo x >${at('begun')}; sleep 1000`, 1.5, 600, async () =>
    proxy.blackHole(),
  )
  proxy.pass()
  expect(result).toMatchObject({ kind: 'lost' })
})
