import { describe, expect, test } from 'vitest'
import type { Stamped } from '../../src/model/event.ts'
import { treeReporter } from '../../src/report/tree.ts'
import { expectGolden } from '../support/golden.ts'
import { fakeTerminal } from '../support/terminal.ts'
import { failedRun, rollback, stamp, started, waves } from './recorded.ts'

/** A tree on a fake terminal whose clock ticks when the test says so. */
function stage(columns: number, rows: number, look: { color?: boolean; unicode?: boolean } = {}) {
  const terminal = fakeTerminal(columns, rows)
  const ticks = new Set<() => void>()
  const periods: number[] = []
  const size = { columns, rows }
  let now = Date.parse('2026-11-22T10:00:00.000Z')
  const tree = treeReporter({
    out: terminal.write,
    look: () => ({ ...size, color: look.color ?? false, unicode: look.unicode ?? true }),
    now: () => now,
    every(milliseconds, tick) {
      periods.push(milliseconds)
      ticks.add(tick)
      return () => void ticks.delete(tick)
    },
  })
  return {
    terminal,
    tree,
    periods,
    size,
    clocks: () => ticks.size,
    /** Tells events; the clock of the screen follows their times. */
    async tell(events: readonly Stamped[]) {
      for (const event of events) {
        now = Date.parse(event.at)
        tree.event(event)
      }
      // listr2 takes its steps between ours.
      await new Promise(setImmediate)
    },
    tick() {
      for (const tick of [...ticks]) tick()
    },
  }
}

describe('the tree', () => {
  test('shows a run as the golden file says, frame by frame', async () => {
    const { terminal, tree, tell, tick } = stage(76, 12)
    const frames: string[] = []
    for (const event of failedRun) {
      await tell([event])
      tick()
      frames.push(`--- ${event.type}`, ...terminal.lines())
    }
    tree.end()
    frames.push('--- end', ...terminal.lines())
    expectGolden(import.meta.url, 'tree.txt', `${frames.join('\n')}\n`)
  })

  test('of a run that goes on says only what is still to come, and ends the restore point that was brought back', async () => {
    const { terminal, tree, tell, tick } = stage(76, 12)
    const names = ['look', 'dump', 'clients', 'verify']
    const events: Parameters<typeof stamp>[0] = [
      {
        type: 'run.resumed',
        run: 'r',
        playbook: 'up',
        changed: true,
        waves: names.map((play) => ({ play, wave: 1, of: 1, hosts: ['a'], tasks: ['t'] })),
      },
      { type: 'undo.started', task: 'dump/a/t', purpose: 'rewind' },
      { type: 'undo.ended', task: 'dump/a/t', purpose: 'rewind', seconds: 1 },
      { type: 'tasks.rewound', by: 'dump/a/t', tasks: ['clients/a/t'] },
      { type: 'wave.started', play: 'clients', wave: 1 },
    ]
    await tell(stamp(events))
    tick()
    const text = terminal.lines().join('\n')
    expect(text).toMatch(/✔ dump: 1 undone/)
    expect(text).toMatch(/then verify$/m)
    tree.end()
  })

  test('shows a rollback, and what could not be undone', async () => {
    const { terminal, tree, tell } = stage(76, 12)
    await tell(rollback)
    tree.end()
    expect(terminal.lines().join('\n')).toContain('✖ stop gateways 1/2: 1 undone (6.0 s)')
    expect(terminal.lines().join('\n')).toContain(
      'gw1 > undo fetch[packs/3.0.0.zip]: failed: gw1: Permission denied',
    )
  })

  test('keeps a wave that was never finished, and says so', async () => {
    const { terminal, tree, tell } = stage(76, 12)
    await tell(failedRun.slice(0, 5))
    tree.end()
    expect(terminal.lines().at(-1)).toBe('– preflight: not finished, 1 ok (3.0 s)')
  })

  test('says that it waits between two waves', async () => {
    const { terminal, tree, tell } = stage(76, 12)
    await tell(failedRun.slice(0, 1))
    await tell(stamp([{ type: 'wave.soaking', play: 'stop gateways', wave: 2, seconds: 300 }]))
    tree.end()
    expect(terminal.lines().join('\n')).toContain('stop gateways: waits 5 min 0 s before wave 2')
  })

  test('keeps a note above what it redraws', async () => {
    const { terminal, tree, tell, tick } = stage(76, 12)
    await tell(failedRun.slice(0, 4))
    tick()
    tree.note?.('interrupted')
    tick()
    expect(terminal.lines().slice(1, 3)).toEqual(['interrupted', expect.stringContaining('preflight')])
    tree.end()
  })

  test('hides the cursor while it draws, and shows it again at the end, at a pause, and once', async () => {
    const { terminal, tree, tell, tick, clocks } = stage(76, 12)
    await tell(failedRun.slice(0, 4))
    tick()
    expect(terminal.cursorShown).toBe(false)
    tree.pause?.()
    expect([terminal.cursorShown, clocks()]).toEqual([true, 0])
    expect(terminal.lines().at(-1)).not.toContain('preflight')
    tree.resume?.()
    tick()
    expect(terminal.cursorShown).toBe(false)
    tree.end()
    tree.end()
    expect([terminal.cursorShown, clocks()]).toEqual([true, 0])
    const { writes } = terminal
    await tell(failedRun.slice(4))
    expect(terminal.writes).toBe(writes)
  })

  test('writes nothing while nothing changes', async () => {
    const { terminal, tell, tick } = stage(76, 12)
    await tell(failedRun.slice(0, 1))
    tick()
    const { writes } = terminal
    tick()
    tick()
    expect(terminal.writes).toBe(writes)
  })

  test('hands no escape code of a remote text to the terminal, in colour too', async () => {
    const { terminal, tree, tell, tick } = stage(200, 30, { color: true })
    for (const event of [...failedRun, ...rollback]) {
      await tell([event])
      tick() // the terminal throws at what it does not know
    }
    tree.end()
    const text = terminal.lines().join('\n')
    expect(text).toContain('java carbon')
    expect(text).not.toContain('\u202e')
  })

  test.each([
    [80, 24],
    [20, 5],
    [12, 2],
    [5, 1],
  ])('never leaves a terminal of %i columns and %i rows', async (columns, rows) => {
    const { terminal, tree, tell, tick } = stage(columns, rows)
    const hosts = Array.from({ length: 40 }, (_, at) => `host-with-a-long-name-${at}.example.com`)
    const wide = { play: 'roll out 日本語 to all', wave: 1, of: 1, hosts, tasks: ['one', 'two'] }
    const run = { ...failedRun[0], waves: [wide, ...waves] } as Stamped
    await tell([run, ...stamp([{ type: 'wave.started', play: wide.play, wave: 1 }])])
    for (const [at, host] of hosts.entries()) {
      const task = `${wide.play}/${host}/one`
      await tell(stamp([started(task), { type: 'task.said', task, line: '文字'.repeat(50) }]))
      if (at % 3 === 0)
        await tell(stamp([{ type: 'task.ended', task, result: 'failed', message: 'no', seconds: 1 }]))
      tick()
      expect(terminal.highest).toBeLessThanOrEqual(rows - 1)
    }
    tree.end()
    expect(terminal.cursorShown).toBe(true)
  })

  test('clears lines that wrapped when the terminal became narrower', async () => {
    const { terminal, tell, tick, size } = stage(30, 20)
    await tell(failedRun.slice(0, 4))
    size.columns = 60
    tick()
    size.columns = 30
    await tell(failedRun.slice(4, 5))
    tick()
    expect(terminal.lines().filter((line) => line.includes('of 3 hosts'))).toHaveLength(1)
  })

  test('draws on its clock alone: 200 hosts by 20 tasks make as many writes as there are ticks', async () => {
    const { terminal, tree, tell, tick, periods } = stage(100, 30)
    const hosts = Array.from({ length: 200 }, (_, at) => `h${at}`)
    const tasks = Array.from({ length: 20 }, (_, at) => `t${at}`)
    const outline = { play: 'big', wave: 1, of: 1, hosts, tasks }
    await tell([{ ...failedRun[0], waves: [outline] } as Stamped])
    await tell(stamp([{ type: 'wave.started', play: 'big', wave: 1 }]))
    let ticks = 0
    for (const name of tasks) {
      const ids = hosts.map((host) => `big/${host}/${name}`)
      await tell(stamp(ids.map((task) => started(task))))
      tick()
      ticks += 1
      await tell(
        stamp(ids.map((task) => ({ type: 'task.ended', task, result: 'changed', seconds: 1 }) as const)),
      )
    }
    await tell(stamp([{ type: 'wave.ended', play: 'big', wave: 1 }]))
    tree.end()
    expect(periods).toEqual([100])
    expect(terminal.writes).toBeLessThanOrEqual(ticks + 2)
    expect(terminal.lines().at(-1)).toMatch(/^✔ big: 4000 changed/)
  })

  test('does with ASCII where the terminal knows no more', async () => {
    const { terminal, tree, tell, tick } = stage(76, 12, { unicode: false })
    for (const event of failedRun.slice(0, 13)) await tell([event])
    tick()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is ASCII
    expect(terminal.lines().join('\n')).toMatch(/^[\x00-\x7f]*$/)
    expect(terminal.lines().join('\n')).toContain('[######----] 60 % of 500 MiB')
    tree.end()
  })
})
