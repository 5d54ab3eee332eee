import { describe, expect, test } from 'vitest'
import { isStored, type Stamped } from '../../src/model/event.ts'
import { jsonReporter } from '../../src/report/json.ts'
import { linesReporter } from '../../src/report/lines.ts'
import { quietReporter } from '../../src/report/quiet.ts'
import { type Reporter, together } from '../../src/report/reporter.ts'
import { summaryReporter } from '../../src/report/summary.ts'
import { expectGolden } from '../support/golden.ts'
import { failedRun, rollback, stamp, started, utc } from './recorded.ts'

function told(make: (out: (text: string) => void) => Reporter, events: readonly Stamped[]): string {
  let text = ''
  const reporter = make((part) => {
    text += part
  })
  for (const event of events) {
    reporter.event(event)
    if (event.type === 'run.ended') reporter.end()
  }
  return text
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may reach a terminal
const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

const readers: Readonly<Record<string, (out: (text: string) => void) => Reporter>> = {
  lines: (out) => linesReporter(out, { time: utc }),
  json: jsonReporter,
  quiet: quietReporter,
  summary: (out) =>
    summaryReporter(out, {
      places: [
        { what: 'journal', path: '.upgrade-fleet/runs/20261122-100000-a1/journal.jsonl' },
        { what: 'logs', path: '.upgrade-fleet/runs/20261122-100000-a1/hosts/' },
      ],
      next: ({ run, changed }) => [
        { type: 'upgrade-fleet resume', for: 'go on' },
        ...(changed ? [{ type: `upgrade-fleet rollback ${run}`, for: 'take it back' }] : []),
      ],
    }),
}

describe.each(Object.entries(readers))('%s', (name, make) => {
  test('tells a failed run and its rollback as the golden file says', () => {
    expectGolden(import.meta.url, `${name}.txt`, `${told(make, failedRun)}\n${told(make, rollback)}`)
  })

  test('hands no control character of a remote text to the terminal', () => {
    expect(told(make, [...failedRun, ...rollback])).not.toMatch(obeyed)
  })
})

describe('json', () => {
  test('can be read back line by line, a secret as its name', () => {
    const events = told(jsonReporter, failedRun)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events).toHaveLength(failedRun.length)
    expect(events[13].line).toBe((failedRun[13] as { line?: string }).line)
    expect(events.find(({ input }) => input?.password)?.input.password).toEqual({ $secret: 'env:PASSWORD' })
  })
})

describe('summary', () => {
  test('counts a task that was done again once, by its last result', () => {
    const text = told(summaryReporter, [
      ...failedRun.filter(({ type }) => type !== 'run.ended'),
      ...stamp([
        { type: 'task.ended', task: 'stop gateways/gw1/stop', result: 'changed', seconds: 3 },
        { type: 'run.ended', outcome: 'ok', seconds: 9 },
      ]),
    ])
    expect(text).toContain('5 tasks: 2 changed, 2 ok, 1 skipped')
    expect(text).not.toContain('failed')
  })

  test('knows whether any change began', () => {
    const seen: boolean[] = []
    const make = (out: (text: string) => void) =>
      summaryReporter(out, {
        next: ({ changed }) => {
          seen.push(changed)
          return []
        },
      })
    const end = { type: 'run.ended', outcome: 'blocked', seconds: 1 } as const
    told(make, stamp([started('a/b/c', 'observe'), end]))
    told(make, stamp([started('a/b/c', 'change'), end]))
    expect(seen).toEqual([false, true])
  })
})

test('a wait between waves is told when it begins, and not kept', () => {
  const [soak] = stamp([{ type: 'wave.soaking', play: 'roll', wave: 2, seconds: 600 }])
  if (soak === undefined) throw new Error()
  expect(told((out) => linesReporter(out, { time: utc }), [soak])).toBe(
    '10:00:01 roll: waits 10 min 0 s before wave 2\n',
  )
  expect(isStored(soak)).toBe(false)
})

test('a summary waits for the end, when nobody redraws the screen any more', () => {
  let text = ''
  const summary = summaryReporter((part) => {
    text += part
  })
  for (const event of failedRun) summary.event(event)
  expect(text).toBe('')
  summary.end()
  const once = text
  summary.end()
  expect(once).toContain('failed')
  expect(text).toBe(once)
})

describe('together', () => {
  test('tells everybody, and a reporter that throws hurts nobody else', () => {
    const seen: string[] = []
    const broken: Reporter = {
      event() {
        throw new Error('disk full')
      },
      end() {
        throw new Error('still full')
      },
    }
    const good: Reporter = { event: ({ type }) => void seen.push(type), end: () => void seen.push('end') }
    const all = together(broken, good)
    for (const event of failedRun.slice(0, 2)) all.event(event)
    all.pause?.()
    all.end()
    expect(seen).toEqual(['run.started', 'wave.started', 'end'])
  })
})
