import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { readText } from './home.ts'
import { trace } from './log.ts'
import type { Server } from './server.ts'

const files = ['carbon.xml', 'datasources/master-datasources.xml', 'user-mgt.xml', 'api-manager.xml']

/** What the lab's key stores are opened with. */
export const opens = 'wso2carbon'

/** What becomes of the secrets of a server: none are used or the password is right, none was left, or another one; `password-tmp` is used up. */
export function secretsOf(server: Server): 'fine' | 'missing' | 'wrong' {
  if (server.faulty('secure-vault-without-password')) return 'missing'
  if (server.faulty('secure-vault-wrong-password')) return 'wrong'
  const used =
    files.some((file) => /secretAlias=/.test(readText(server.home, `repository/conf/${file}`) ?? '')) ||
    /^\[secrets\]/m.test(readText(server.home, 'repository/conf/deployment.toml') ?? '')
  if (!used) return 'fine'
  const once = join(server.home, 'password-tmp')
  const left = readText(server.home, 'password-tmp') ?? readText(server.home, 'password-persist') ?? ''
  rmSync(once, { force: true })
  const password = left.split('\n')[0] ?? ''
  return password === '' ? 'missing' : password === opens ? 'fine' : 'wrong'
}

/** A server that cannot open its key store says so, and lives on without a service. */
export function failToOpen(server: Server): void {
  server.log(
    'FATAL',
    'org.wso2.carbon.core.init.CarbonServerManager',
    'WSO2 Carbon initialization Failed',
    trace(
      'org.wso2.securevault.SecureVaultException: Error loading keyStore',
      'java.io.IOException: Keystore was tampered with, or password was incorrect',
    ),
  )
}
