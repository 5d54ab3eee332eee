import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { start } from '../../src/apim/control.ts'
import type { Server } from '../../src/apim/server.ts'
import { secret } from '../../src/model/secret.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { localOn, perform } from '../support/local-on.ts'

const dir = mkdtempSync(join(fastDirectory(), 'vault-'))
const home = join(dir, 'wso2am-1.9.1')
const conf = join(home, 'repository/conf')
afterAll(() => rmSync(dir, { recursive: true }))

// Says what it found of the password, how, and what its command line and environment are; `read` takes it as the server does.
const script = (reads: boolean) => `#!/bin/sh
f=../password-tmp
stat -c %a $f >../seen; cat $f >>../seen; tr '\\0' ' ' </proc/$$/cmdline >../shown; env >>../shown
${reads ? 'rm -f $f' : ''}
mkdir -p ../repository/logs; echo 'x WSO2 Carbon started in 1 sec' >>../repository/logs/wso2carbon.log
`
const server: Server = {
  home,
  version: '1.9.1',
  javaHome: '/opt/jdk',
  address: '127.128.0.1',
  role: 'key-manager',
  flags: [],
  wait: { start: 1, answer: 1, gap: 0 },
  vault: secret('env:VAULT'),
}

beforeEach(() => {
  rmSync(home, { recursive: true, force: true })
  mkdirSync(join(home, 'bin'), { recursive: true })
  mkdirSync(conf, { recursive: true })
  writeFileSync(
    join(conf, 'carbon.xml'),
    '<Server><Password svns:secretAlias="Carbon.KeyStore">password</Password></Server>',
  )
})

async function started(reads: boolean) {
  const file = join(home, 'bin/wso2server.sh')
  writeFileSync(file, script(reads))
  chmodSync(file, 0o755)
  const local = await localOn(join(dir, 'here'), () => "key's store")
  try {
    const done = await perform(local, start({ server }))
    return { done, said: local.said.join('\n'), shown: readFileSync(join(home, 'shown'), 'utf8') }
  } finally {
    await local.close()
  }
}

test('a start finds the password in password-tmp, 0600, and nowhere else; the file is gone after it', async () => {
  const { shown, said, done } = await started(true)
  expect(readFileSync(join(home, 'seen'), 'utf8')).toBe("600\nkey's store\n")
  expect(existsSync(join(home, 'password-tmp'))).toBe(false)
  expect(shown + said + JSON.stringify(done)).not.toContain("key's store")
})

test('one that does not read it leaves none behind either', async () => {
  await started(false)
  expect(readFileSync(join(home, 'seen'), 'utf8')).toContain("key's store")
  expect(existsSync(join(home, 'password-tmp'))).toBe(false)
})

test('a home without secure vault is told nothing', async () => {
  writeFileSync(
    join(conf, 'carbon.xml'),
    '<Server><!-- <Password svns:secretAlias="x"/> --><Password>y</Password></Server>',
  )
  await started(true)
  expect(readFileSync(join(home, 'seen'), 'utf8')).toBe('')
  expect(statSync(join(home, 'bin')).isDirectory()).toBe(true)
})
