import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readText } from './home.ts'
import type { Server } from './server.ts'

const files = ['carbon.xml', 'datasources/master-datasources.xml', 'user-mgt.xml', 'api-manager.xml']

/** Whether the configuration needs the key store's password and none was left; `password-tmp` is used up. */
export function secretsAreMissing(server: Server): boolean {
  const used =
    files.some((file) => /secretAlias=/.test(readText(server.home, `repository/conf/${file}`) ?? '')) ||
    /^\[secrets\]/m.test(readText(server.home, 'repository/conf/deployment.toml') ?? '')
  if (!used) return false
  const once = join(server.home, 'password-tmp')
  if (existsSync(once)) {
    const empty = readFileSync(once, 'utf8').trim() === ''
    rmSync(once)
    return empty
  }
  return !existsSync(join(server.home, 'password-persist'))
}
