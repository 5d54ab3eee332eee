import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** Expects the text of the golden file beside the test; `GOLDEN=renew` writes it instead, and its diff is read. */
export function expectGolden(at: string, name: string, text: string): void {
  const path = fileURLToPath(new URL(`golden/${name}`, at))
  if (process.env['GOLDEN'] === 'renew') {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  expect(text).toBe(readFileSync(path, 'utf8'))
}
