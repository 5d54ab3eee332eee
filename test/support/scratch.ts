import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Gives a test run a temporary directory of its own, and takes it away with all that tests left in it. */
export function setup(): () => void {
  const scratch = mkdtempSync(join(tmpdir(), 'tests-'))
  process.env['TMPDIR'] = scratch
  return () => rmSync(scratch, { recursive: true, force: true })
}
