import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configure } from '../../src/apim/home.ts'
import { secret } from '../../src/model/secret.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { localOn, perform } from '../support/local-on.ts'

test('a carbon.xml in ISO-8859-1 is configured in it, with its secrets, and keeps all else', async () => {
  const dir = mkdtempSync(join(fastDirectory(), 'home-'))
  const local = await localOn(join(dir, 'here'), () => 'pä€&')
  try {
    const home = join(dir, 'home')
    const path = 'repository/conf/carbon.xml'
    mkdirSync(join(home, 'repository/conf'), { recursive: true })
    const source =
      '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!-- é -->\n<Server><HostName>x</HostName><P>y</P></Server>\n'
    writeFileSync(join(home, path), source, 'latin1')
    const edits = [
      { at: 'HostName', text: 'gé' },
      { at: 'P', text: [secret('env:P')] },
    ]
    const configuration = { texts: [], edits: [{ path, edits }] }
    await perform(local, configure({ home, configuration, jars: [] }))
    expect(readFileSync(join(home, path), 'latin1')).toBe(
      source.replace('>x<', '>gé<').replace('>y<', '>p&#228;&#8364;&#38;<'),
    )
  } finally {
    await local.close()
    rmSync(dir, { recursive: true })
  }
})

test('a file that is there stays whose it is and as open as it was; one that gets a secret is for its owner alone', async () => {
  const dir = mkdtempSync(join(fastDirectory(), 'home-'))
  const local = await localOn(join(dir, 'here'), () => 'secret')
  try {
    const home = join(dir, 'home')
    const conf = join(home, 'repository/conf')
    mkdirSync(conf, { recursive: true })
    for (const name of ['a.xml', 'b.xml', 'c.xml']) {
      writeFileSync(join(conf, name), '<A><B>x</B></A>')
      chmodSync(join(conf, name), 0o644)
      chownSync(join(conf, name), 12345, 23456)
    }
    const own = [{ at: 'B', text: [secret('env:P')] }]
    const edits = [
      { path: 'repository/conf/a.xml', edits: [{ at: 'B', text: 'y' }] },
      { path: 'repository/conf/b.xml', edits: own },
    ]
    const texts = [
      { path: 'repository/conf/c.xml', text: ['<A>', secret('env:P'), '</A>'] },
      { path: 'repository/conf/new.xml', text: '<A/>' },
    ]
    await perform(local, configure({ home, configuration: { texts, edits }, jars: [] }))
    const rights = ['a.xml', 'b.xml', 'c.xml', 'new.xml'].map((name) => {
      const { mode, uid, gid } = statSync(join(conf, name))
      return [name, (mode & 0o7777).toString(8), uid === 12345 && gid === 23456]
    })
    expect(rights).toEqual([
      ['a.xml', '644', true],
      ['b.xml', '600', true],
      ['c.xml', '600', true],
      ['new.xml', '600', false],
    ])
  } finally {
    await local.close()
    rmSync(dir, { recursive: true })
  }
})
