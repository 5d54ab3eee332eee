import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
