import { expect, test } from 'vitest'
import { start } from '../../src/apim/control.ts'
import type { Server } from '../../src/apim/server.ts'
import { jvm, scriptedOn } from '../support/scripted-on.ts'

const server: Server = {
  home: '/opt/wso2/wso2am-1.9.1',
  version: '1.9.1',
  javaHome: '/opt/jdk',
  address: '127.128.0.1',
  role: 'key-manager',
  flags: [],
  wait: { start: 1, answer: 1, gap: 0 },
}

/** What of a start was asked of a machine on which servers run as told; the pid file names one that has ended. */
async function started(running: string) {
  const { on, asked } = scriptedOn((text) => {
    if (text.startsWith('readlink')) return `${server.home}\n`
    if (text.includes('/proc/[0-9]*/cmdline')) return running
    return text.includes('stat -c') || text.includes('grep -abF') ? '7 100\n' : ''
  })
  const { work, input } = start({ server })
  if (work.kind !== 'change') throw new Error('it changes')
  const already = await work.check?.(on, input)
  const out = await work.apply(on, input, { since: { inode: 1, offset: 2 } })
  return { already, out, scripts: asked.filter((text) => text.includes('./wso2server.sh')).length }
}

test('a server that runs is not started again: its own guard says no in vain on 1.x, and a pid file is not asked', async () => {
  expect(await started(jvm(server.home))).toMatchObject({
    already: { since: { inode: 7, offset: 100 } },
    scripts: 0,
  })
  expect(await started('')).toMatchObject({ already: undefined, scripts: 1 })
})
