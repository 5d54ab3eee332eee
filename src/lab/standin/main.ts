import { spawn } from 'node:child_process'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { cipherTool, encryptAll } from './cipher-tool.ts'
import { run } from './run.ts'

/** The stand-in's entry: the one place of it that touches the process. */
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

const args = process.argv.slice(2)
await (args.includes(cipherTool) ? encryptAll : run)({
  args,
  options: process.env['JAVA_TOOL_OPTIONS'] ?? '',
  program: fileURLToPath(import.meta.url),
  pid: process.pid,
  host: hostname(),
  say: (line) => void process.stdout.write(`${line}\n`),
  exit: (code) => process.exit(code),
  again: (more) => {
    const args = [...process.execArgv, ...process.argv.slice(1), ...more]
    spawn(process.execPath, args, { detached: true, stdio: 'ignore' }).unref()
  },
  kill: () => void process.kill(process.pid, 'SIGKILL'),
  onTerm: (handler) => void process.on('SIGTERM', handler),
})
