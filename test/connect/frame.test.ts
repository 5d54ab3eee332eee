import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { capture } from '../../src/connect/capture.ts'
import { frame, nonce, scanner } from '../../src/connect/frame.ts'
import { sh } from '../../src/model/command.ts'

function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, at * size + size),
  )
}

test('however a stream is cut, each frame gets its own bytes and its own status', () => {
  const marks = [nonce(), nonce(), nonce()]
  const nearly = `${marks[2]?.slice(0, 35)}${marks[2]?.endsWith('7') ? '8' : '7'}`
  const said = [randomBytes(300), Buffer.from(''), Buffer.from(`${nearly}\n${nonce()}0\n`)]
  const stream = Buffer.concat(said.flatMap((bytes, at) => [bytes, Buffer.from(`${marks[at]}${at * 100}\n`)]))
  for (let size = 1; size <= stream.length; size += 1) {
    const got: { bytes: Buffer; code: string }[] = []
    const scan = scanner(() => {
      throw new Error('nothing here is stray')
    })
    for (const mark of marks) {
      const kept = capture()
      scan.expect(mark, kept.tap, (code) => got.push({ bytes: kept.bytes(), code }))
    }
    for (const chunk of cut(stream, size)) void scan.take(chunk)
    expect(got).toEqual(said.map((bytes, at) => ({ bytes, code: String(at * 100) })))
  }
})

test('bytes that belong to no frame are told of, and go nowhere', () => {
  let strays = 0
  const scan = scanner(() => {
    strays += 1
  })
  const mark = nonce()
  const kept = capture()
  scan.expect(mark, kept.tap, () => undefined)
  void scan.take(Buffer.from(`mine${mark}0\nstray`))
  void scan.take(Buffer.from('more'))
  expect({ kept: kept.text(), strays }).toEqual({ kept: 'mine', strays: 2 })
})

test('of a long stream the first and the last bytes are kept', () => {
  for (const size of [1, 3, 7, 100]) {
    const kept = capture(undefined, 10)
    const text = Array.from({ length: 100 }, (_, at) => String(at % 10)).join('')
    for (const chunk of cut(Buffer.from(text), size)) void kept.tap(chunk)
    expect(kept.text()).toBe('0123456789\n... 80 bytes left out ...\n0123456789')
    expect(kept.truncated()).toBe(true)
  }
})

test('characters that are cut in two are lines all the same', () => {
  const lines: string[] = []
  const kept = capture((line) => lines.push(line))
  for (const chunk of cut(Buffer.from('grün\r\n日本\nend'), 1)) void kept.tap(chunk)
  expect(kept.text()).toBe('grün\r\n日本\nend')
  expect(lines).toEqual(['grün', '日本', 'end'])
})

describe('a command stands in its frame as little wrapped as is safe', () => {
  const how = (text: string) => {
    const said = frame({ text }, 'mark').toString()
    return said.startsWith('( eval ') ? 'evaluated' : said.startsWith('( ') ? 'in a subshell' : 'alone'
  }
  test.each([
    ['alone', sh`test -d ${"it's a/directory"}`.text],
    ['alone', sh`[ ! -e /x ]`.text],
    ['alone', sh`echo ${'$HOME'} ${'two\nlines'}`.text],
    ['alone', 'true'],
    ['in a subshell', sh`stat -c ${'%a %s'} -- /x`.text],
    ['in a subshell', 'a=b'],
    ['in a subshell', "'if'"],
    ['in a subshell', 'printf -v PATH x'],
    ['in a subshell', 'exit 3'],
    ['evaluated', 'if'],
    ['evaluated', 'time sleep 1'],
    ['evaluated', 'echo $HOME'],
    ['evaluated', 'echo a # b'],
    ['evaluated', 'echo a >/x'],
    ['evaluated', 'echo "a'],
    ['evaluated', "echo 'a"],
    ['evaluated', "echo a\\'b'"],
    ['evaluated', 'echo ~'],
    ['evaluated', 'echo a\necho b'],
    ['evaluated', '[ -e /x'],
    ['evaluated', 'test a \\'],
    ['evaluated', 'test *'],
    ['evaluated', ' echo'],
    ['evaluated', ''],
  ])('%s: %s', (expected, text) => expect(how(text)).toBe(expected))

  test('input, a directory or a variable need a subshell', () => {
    const all = [{ stdin: Buffer.from('x') }, { cwd: '/' }, { env: { A: 'b' } }]
    for (const one of all) expect(frame({ text: 'echo a', ...one }, 'mark').toString()).toContain('( ')
  })
})
