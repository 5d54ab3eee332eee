import { setTimeout as sleep } from 'node:timers/promises'
import type { FakeAnswer, FakeCall, FakeMachine } from '../../src/connect/fake.ts'

/** Plays the few commands of the connection contract on a fake machine. */
export async function fakeShell(
  machine: () => FakeMachine,
  text: string,
  stdin: string,
  call: FakeCall,
): Promise<FakeAnswer> {
  let stdout = ''
  let stderr = ''
  for (const one of text.split(/; (?!do|done)/)) {
    const words = wordsOf(one)
    const [name, first = '', second = ''] = words
    if (name === 'exit') return { stdout, stderr, code: Number(first) }
    if (name === 'kill') return { stdout, stderr, signal: first.slice(1) }
    if (name === 'sleep') await sleep(Number(first) * 1000, undefined, { signal: call.signal })
    else if (name === 'cat') stdout += stdin
    else if (name === 'pwd') stdout += `${call.cwd ?? '/root'}\n`
    else if (name === 'printenv') {
      const value = call.env[first]
      if (value === undefined) return { stdout, stderr, code: 1 }
      stdout += `${value}\n`
    } else if (name === 'printf') stdout += first === '%s' ? second : first.replaceAll('\\n', '\n')
    else if (name === 'echo' && second === '>&2') stderr += `${first}\n`
    else if (name === 'echo' && second.startsWith('>')) append(machine(), second, `${first}\n`)
    else if (name === 'echo') stdout += `${first}\n`
    else if (name === 'stat')
      stdout += `${machine()
        .files.get(words[4] ?? '')
        ?.mode.toString(8)}\n`
    else if (name === 'ls')
      stdout += [...machine().files.keys()]
        .filter((path) => path.startsWith(`${second}/`))
        .map((path) => `${path.slice(second.length + 1)}\n`)
        .join('')
    else if (name === 'until')
      while (!machine().files.has(words[3] ?? '') && !call.signal.aborted) await sleep(1)
    else return { stdout, stderr: `${name}: not found\n`, code: 127 }
  }
  return { stdout, stderr }
}

function append(machine: FakeMachine, redirect: string, text: string): void {
  const path = redirect.replace(/^>+/, '')
  const before = redirect.startsWith('>>') ? (machine.files.get(path)?.bytes ?? '') : ''
  machine.files.set(path, { bytes: Buffer.from(`${before}${text}`), mode: 0o644 })
}

function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/((?:'[^']*'|\\'|[^\s'])+)/g)].map(([word]) =>
    word.replace(/'([^']*)'|\\'/g, (all, inner: string | undefined) => (all === "\\'" ? "'" : (inner ?? ''))),
  )
}
