#!/usr/bin/env node
import { setMaxListeners } from 'node:events'
import { homedir, userInfo } from 'node:os'
import { runProgram } from './commands/program.ts'
import type { Io } from './model/io.ts'

// A reader that went away (`| head`, a closed terminal) or a full disk must not end an upgrade; the journal is elsewhere.
let unwritten: Error | undefined
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') unwritten ??= error
  })
}

process.setSourceMapsEnabled(true)

const interrupt = new AbortController()
// Every task that is under way listens.
setMaxListeners(0, interrupt.signal)
let firstSignal: number | undefined
const onSignal = () => {
  const now = performance.now()
  // npm and the terminal both send the same Ctrl-C.
  if (firstSignal !== undefined && now - firstSignal < 500) return
  if (firstSignal !== undefined) process.exit(130)
  firstSignal = now
  interrupt.abort()
}
process.on('SIGINT', onSignal)
process.on('SIGTERM', onSignal)
process.on('SIGHUP', onSignal)

// However it ends, a terminal gets its cursor back.
process.on('exit', () => {
  if (process.stdout.isTTY) process.stdout.write('\u001b[?25h')
})

const io: Io = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  input: async () => {
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks).toString('utf8')
  },
  secrets: new Set(),
  env: process.env,
  cwd: process.cwd(),
  tty: process.stdout.isTTY === true,
  answers: process.stdin.isTTY === true,
  get columns() {
    return process.stdout.columns ?? 80
  },
  get rows() {
    return process.stdout.rows ?? 24
  },
  user: userInfo().username,
  home: homedir(),
  pid: process.pid,
  uid: process.getuid?.(),
  node: process.version,
  now: () => new Date(),
  interrupted: interrupt.signal,
  interrupt: onSignal,
}

// A command that nothing will wake up any more has not ended well.
process.exitCode = 1
// Connections that linger must not keep the process; what was written, and its errors, come first.
void runProgram(io, process.argv.slice(2)).then((ended) =>
  process.stdout.write('', () => setImmediate(leave, ended)),
)

function leave(ended: number) {
  if (unwritten !== undefined) io.err(`The output could not be written: ${unwritten.message}\n`)
  const code = ended === 0 && unwritten !== undefined ? 1 : ended
  process.stderr.write('', () => process.exit(code))
}
