import { describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../src/commands/outcome.ts'
import { openScreen } from '../../src/commands/screen.ts'
import { failedRun } from '../report/recorded.ts'
import { fakeIo } from '../support/io.ts'

describe('the screen', () => {
  const shown = async (tty: boolean, output?: 'tree' | 'lines' | 'json' | 'quiet') => {
    const io = fakeIo({ tty, env: { LANG: 'C.UTF-8', NO_COLOR: '1' } })
    const screen = await openScreen(io, output, { id: 'r', path: '.', journal: 'journal.jsonl' })
    for (const event of failedRun) screen.event(event)
    screen.end()
    return io.written
  }

  test('is a tree on a terminal and lines elsewhere, the summary last', async () => {
    const tree = await shown(true)
    const lines = await shown(false)
    expect(tree.out).toContain('✖ stop gateways 1/2')
    expect(lines.out).toContain('stop gateways > gw1 > stop: failed')
    for (const { out } of [tree, lines]) expect(out).toMatch(/journal: +journal\.jsonl\n/)
    expect(tree.out.lastIndexOf('\u001b[?25h')).toBeLessThan(tree.out.indexOf('journal.jsonl'))
  })

  test('is what was asked for; JSON has no summary, and quiet leaves stdout alone', async () => {
    const json = await shown(true, 'json')
    expect(
      json.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).type),
    ).toHaveLength(failedRun.length)
    expect(await shown(true, 'quiet')).toMatchObject({ out: '', err: expect.stringContaining('failed') })
  })

  test('says what a second Ctrl-C does', async () => {
    const interrupt = new AbortController()
    const io = fakeIo({ interrupted: interrupt.signal })
    await openScreen(io, 'lines')
    interrupt.abort()
    expect(io.written.out).toContain('Ctrl-C again')
  })
})

test('every outcome has its exit code', () => {
  expect(exitCodeOf('ok')).toBe(0)
  expect(exitCodeOf('interrupted')).toBe(130)
})
