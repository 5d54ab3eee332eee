import { homedir } from 'node:os'
import { expect, test } from 'vitest'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import { proxied } from '../support/proxy.ts'
import { startSshd } from '../support/sshd.ts'

// The one long test of all: promise 8 with nothing set. In a file of its own, so that others run beside it.
test('row 3: with no option at all a peer that hangs is noticed within 60 seconds', async () => {
  const sshd = await startSshd('127.105.60.1', ['SetEnv HOME=/tmp'])
  const { proxy, endpoint } = await proxied(sshd, '127.105.60.2')
  try {
    const connection = await openSsh(endpoint, { secrets: () => '', home: homedir() })
    await connection.exec(sh`exit 0`)
    const running = connection.exec(sh`sleep 1000`)
    proxy.blackHole()
    const begun = performance.now()
    expect(await running).toMatchObject({
      kind: 'lost',
      reason: expect.stringContaining('not a byte came for 60 seconds'),
    })
    // What is promised; the margin is for a machine that is busy.
    expect(performance.now() - begun).toBeLessThan(62_000)
    await connection.close()
  } finally {
    await proxy.stop()
    await sshd.stop()
  }
})
