import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { thumbprint } from '../cipher.ts'

/** What the key store of a home is known by in cipher texts. */
export function printOf(home: string): string {
  try {
    return thumbprint(readFileSync(join(home, 'repository/resources/security/wso2carbon.jks')))
  } catch {
    return 'none'
  }
}
