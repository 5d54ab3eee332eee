import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** All that is written in a state directory, bundled playbooks excepted: journals, records, plans and logs. */
export const lines = (directory: string): string =>
  readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((one) => one.isFile() && !one.name.endsWith('.mjs'))
    .map((one) => readFileSync(join(one.parentPath, one.name), 'utf8'))
    .join('\n')
