import { expect, test } from 'vitest'
import { programOutput } from '../../src/inventory/program-output.ts'
import { InputError } from '../../src/model/errors.ts'

const world = { cwd: '/', env: { PATH: '/usr/bin:/bin' }, signal: new AbortController().signal }

test('what a program prints, without the newline at its end, and no shell reads its arguments', async () => {
  expect(await programOutput('x', ['printf', '%s\\n\\n', '$(id) `id`'], world)).toBe('$(id) `id`\n')
})

test('one that does not end is ended, and said to have been', async () => {
  const late = programOutput('secret command sleep', ['sleep', '600'], { ...world, deadline: 0.05 })
  await expect(late).rejects.toThrow('secret command sleep: it did not end within 0.05 s and was killed')
})

test('one that does not listen is killed', async () => {
  const deaf = programOutput('x', ['sh', '-c', "trap '' TERM; exec sleep 600"], { ...world, deadline: 0.05 })
  await expect(deaf).rejects.toThrow('did not end within')
})

test.each([
  ['a path below a file', ['/etc/passwd/x'], 'ENOTDIR'],
  ['more arguments than the system takes', ['true', 'x'.repeat(1 << 22)], 'E2BIG'],
  ['a NUL in an argument', ['true', 'a\0b'], 'null bytes'],
])('%s is an error of the secret, not a defect', async (_what, words, why) => {
  const found = programOutput('secret command x', words, world)
  await expect(found).rejects.toBeInstanceOf(InputError)
  await expect(found).rejects.toThrow(why)
})

test('Ctrl-C ends it', async () => {
  const stop = new AbortController()
  const running = programOutput('x', ['sleep', '600'], { ...world, signal: stop.signal })
  stop.abort()
  await expect(running).rejects.toThrow('x: interrupted')
  await expect(programOutput('x', ['sleep', '600'], { ...world, signal: stop.signal })).rejects.toThrow(
    'interrupted',
  )
})
