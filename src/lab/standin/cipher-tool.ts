import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { encrypt } from '../cipher.ts'
import { readText } from './home.ts'
import { printOf } from './print.ts'
import { type Machine, makeServer, type Server } from './server.ts'
import { opens } from './vault.ts'

/** The class that `bin/ciphertool.sh` runs. */
export const cipherTool = 'org.wso2.ciphertool.CipherTool'

const toml = 'repository/conf/deployment.toml'

/**
 * `ciphertool.sh -Dconfigure` of 3.0.0: encrypts what stands as `[plain]` under `[secrets]`. It has the real one's ways: the password comes from
 * a property, an option or a terminal; each line behind `[secrets]` is a secret; one that is none ends it when the file is emptied already.
 */
export async function encryptAll(machine: Machine): Promise<void> {
  const server = await makeServer(machine)
  const end = (why: string, cause?: string) => {
    machine.say(`Exception in thread "main" org.wso2.ciphertool.exception.CipherToolException: ${why}`)
    machine.say(`\tat ${cipherTool}.main(CipherTool.java)`)
    if (cause !== undefined) machine.say(`Caused by: ${cause}`)
    return machine.exit(1)
  }
  const password = passwordOf(machine, server)
  if (password === undefined) end('String cannot be null')
  if (password !== opens || server.faulty('secure-vault-wrong-password'))
    end(
      `Error loading keyStore from ' ${server.home}/repository/resources/security/wso2carbon.jks ' `,
      'java.io.IOException: Keystore was tampered with, or password was incorrect',
    )
  machine.say('Primary KeyStore of Carbon Server is initialized Successfully')
  const { secrets = {} } = parse(readText(server.home, toml) ?? '') as { secrets?: Record<string, string> }
  const texts = new Map(Object.entries(secrets).map(([alias, text]) => [alias, encrypted(server, text)]))
  const lines = written(readText(server.home, toml) ?? '', texts)
  writeFileSync(join(server.home, toml), lines.text)
  if (lines.stray) end('java.lang.NullPointerException')
  writeFileSync(
    join(server.home, 'repository/conf/security/secret-conf.properties'),
    'keystore.identity.location=repository/resources/security/wso2carbon.jks\n',
  )
  machine.say('Secret Configurations are written to the property file successfully')
}

function passwordOf(machine: Machine, server: Server): string | undefined {
  const option = /-Dkeystore\.password=(\S.*)$/s.exec(machine.options ?? '')?.[1]
  // As a virtual machine reads the variable: parts in quotes, put together.
  const quoted = option?.replace(/'([^']*)'|"([^"]*)"/g, (_, one?: string, two?: string) => one ?? two ?? '')
  return quoted ?? server.props.get('password')
}

function encrypted(server: Server, text: string): string {
  const plain = /\[([^\]]*)\]/.exec(text)?.[1] ?? ''
  return plain === '' ? text : encrypt(printOf(server.home), 'RSA', plain)
}

function written(text: string, texts: ReadonlyMap<string, string>) {
  const done: string[] = []
  let inside = false
  for (const line of text.split('\n')) {
    if (!inside || line.trim() === '') done.push(line)
    else {
      const key = line.split('=')[0] ?? ''
      const value = texts.get(key.trim())
      if (value === undefined) return { text: done.join('\n'), stray: true }
      done.push(`${key} = "${value}"`)
    }
    inside ||= line.trim() === '[secrets]'
  }
  return { text: done.join('\n'), stray: false }
}
