import { openSsh } from '../../../src/connect/ssh.ts'
import { sh } from '../../../src/model/command.ts'
import type { Endpoint } from '../../../src/model/connection.ts'

// A controller: connects to the endpoint of its first argument, runs the command of its second, and says what came of it.
const [endpoint = '', text = '', watchdog = '60', timeout = '120'] = process.argv.slice(2)
const connection = await openSsh(JSON.parse(endpoint) as Endpoint, {
  secrets: () => '',
  home: '/nowhere',
  watchdog: Number(watchdog),
})
await connection.exec(sh`exit 0`)
process.stdout.write('ready\n')
const result = await connection.exec({ ...sh`x`, text }, { timeout: Number(timeout) })
const { stdout, stderr, ...end } = result
process.stdout.write(
  `${JSON.stringify({ ...end, kept: stdout.length + stderr.length, peak: process.resourceUsage().maxRSS * 1024 })}\n`,
)
await connection.close()
