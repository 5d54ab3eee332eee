import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sweepSockets } from '../../src/connect/openssh-sweep.ts'

const { uid } = userInfo()
const later = () => Date.now() + 2 * 60 * 60 * 1000

test('what a killed controller left goes; what lives, is new, or is not ours stays', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'upgrade-fleet-sweep-'))
  const server = createServer()
  try {
    for (const name of ['uf-killed', 'uf-living', 'uf-opened', 'other', 'uf-longer-name'])
      mkdirSync(join(parent, name), { mode: 0o700 })
    writeFileSync(join(parent, 'uf-killed/log'), 'x')
    chmodSync(join(parent, 'uf-opened'), 0o755)
    symlinkSync('other', join(parent, 'uf-linked'))
    await new Promise<void>((resolve) => server.listen(join(parent, 'uf-living/s'), () => resolve()))
    await sweepSockets(parent, uid, Date.now())
    await sweepSockets(parent, uid + 1, later())
    expect(readdirSync(parent)).toContain('uf-killed')
    await sweepSockets(parent, uid, later())
    expect(readdirSync(parent).sort()).toEqual([
      'other',
      'uf-linked',
      'uf-living',
      'uf-longer-name',
      'uf-opened',
    ])
    await sweepSockets(join(parent, 'none'), uid, later())
  } finally {
    await new Promise<void>((resolve) => void server.close(() => resolve()))
    rmSync(parent, { recursive: true })
  }
})
