// tally.mjs FOLDER CODE: sums vitest's JSON reports to "N passed, N failed". With a CODE other than 0 at least one failed.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder = '.', code = '0'] = process.argv.slice(2)
const sum = { passed: 0, failed: 0 }
for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
  let report
  try {
    report = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  } catch {
    sum.failed += 1
    continue
  }
  sum.passed += report.numPassedTests
  sum.failed += report.numFailedTests
  // A file that could not be loaded, or whose hooks failed, has no failed test in it.
  sum.failed += (report.testResults ?? []).filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
}
if (code !== '0' && sum.failed === 0) sum.failed = 1
console.log(`${sum.passed} passed, ${sum.failed} failed`)
process.exitCode = sum.failed > 0 ? 1 : 0
