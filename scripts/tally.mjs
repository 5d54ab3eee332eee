// tally.mjs FOLDER CODE: each failed test with what its message says, then the sum of vitest's JSON reports as
// "N passed, N failed". With a CODE other than 0 at least one failed.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder = '.', code = '0'] = process.argv.slice(2)
const longest = 1500

// A command's output stands in the message: what failed is said at its end, and the ways of the call behind it say nothing.
function said(messages) {
  const text = messages
    .join('\n')
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .join('\n')
  const failing = text.split('\n').filter((line) => /failed|refused|error|expected/i.test(line))
  return failing.join('\n').slice(-longest) || text.slice(-longest)
}

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
  for (const file of report.testResults ?? [])
    for (const test of file.assertionResults.filter(({ status }) => status === 'failed'))
      console.log(
        `FAILED  ${file.name.replace(`${process.cwd()}/`, '')} > ${test.fullName}\n${said(test.failureMessages)}\n`,
      )
  // A file that could not be loaded, or whose hooks failed, has no failed test in it.
  sum.failed += (report.testResults ?? []).filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
}
if (code !== '0' && sum.failed === 0) sum.failed = 1
console.log(`${sum.passed} passed, ${sum.failed} failed`)
process.exitCode = sum.failed > 0 ? 1 : 0
