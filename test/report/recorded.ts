import type { Event, Stamped, WaveOutline } from '../../src/model/event.ts'
import { secret } from '../../src/model/secret.ts'

/** Events with numbers and times: each one second after the last, or `after` so many. */
export function stamp(events: readonly (Event & { readonly after?: number })[]): readonly Stamped[] {
  let at = Date.parse('2026-11-22T10:00:00.000Z')
  return events.map(({ after = 1, ...event }, place) => {
    at += after * 1000
    return { ...(event as Event), seq: place + 1, at: new Date(at).toISOString() }
  })
}

/** The `HH:MM:SS` of UTC, so that goldens do not depend on where they are tested. */
export const utc = (at: string): string => at.slice(11, 19)

export const started = (
  task: string,
  kind: 'observe' | 'change' = 'change',
  input: string | null = null,
): Event => ({
  type: 'task.started',
  task,
  module: 'test.module',
  kind,
  input,
  remembered: null,
  attempt: 1,
  undo: kind === 'change' ? 'function' : 'none',
})

export const waves: readonly WaveOutline[] = [
  { play: 'preflight', wave: 1, of: 1, hosts: ['gw1', 'gw2', 'km1'], tasks: ['found'] },
  { play: 'stop gateways', wave: 1, of: 2, hosts: ['gw1'], tasks: ['fetch', 'stop'] },
  { play: 'stop gateways', wave: 2, of: 2, hosts: ['gw2'], tasks: ['fetch', 'stop'] },
  { play: 'verify', wave: 1, of: 1, hosts: ['gw1', 'gw2', 'km1'], tasks: ['serves'] },
]

/** A run with a bit of everything: a gate, a long download, hostile remote text, a failure with evidence. */
export const failedRun: readonly Stamped[] = stamp([
  {
    type: 'run.started',
    run: '20261122-100000-a1',
    kind: 'run',
    playbook: 'playbooks/to-3.0.0.ts',
    inventory: ['inventory/hosts.yml'],
    digest: 'd'.repeat(64),
    tool: '0.1.0',
    check: false,
    waves,
  },
  { type: 'wave.started', play: 'preflight', wave: 1 },
  started('preflight/gw1/found', 'observe'),
  started('preflight/gw2/found', 'observe'),
  {
    type: 'task.ended',
    task: 'preflight/gw1/found',
    result: 'ok',
    output: { version: '1.9.1' },
    seconds: 0.42,
  },
  { type: 'task.ended', task: 'preflight/gw2/found', result: 'ok', output: { version: '1.9.1' }, seconds: 1 },
  { type: 'task.ended', task: 'preflight/km1/found', result: 'skipped', message: 'no APIM here', seconds: 0 },
  { type: 'wave.ended', play: 'preflight', wave: 1 },
  { type: 'approved', gate: 'point of no return', question: '3 dumps read back. Migrate?', by: 'ada' },
  { type: 'wave.started', play: 'stop gateways', wave: 1 },
  {
    ...started('stop gateways/gw1/fetch[packs/3.0.0.zip]'),
    input: { password: secret('env:PASSWORD') },
  } as Event,
  {
    type: 'task.progress',
    task: 'stop gateways/gw1/fetch[packs/3.0.0.zip]',
    done: 1,
    total: 524288000,
    unit: 'bytes',
  },
  {
    type: 'task.progress',
    task: 'stop gateways/gw1/fetch[packs/3.0.0.zip]',
    done: 314572800,
    total: 524288000,
    unit: 'bytes',
    after: 31,
  },
  {
    type: 'task.said',
    task: 'stop gateways/gw1/fetch[packs/3.0.0.zip]',
    line: 'ok \u001b[31mred\u001b[0m \u001b]52;c;cm0gLXJm\u0007 \u009b2J \u202eexe.cod\nsecond\ttold',
  },
  { type: 'task.ended', task: 'stop gateways/gw1/fetch[packs/3.0.0.zip]', result: 'changed', seconds: 64.6 },
  started('stop gateways/gw1/stop'),
  {
    type: 'task.ended',
    task: 'stop gateways/gw1/stop',
    result: 'failed',
    message:
      'gw1: the server did not stop in 60 s: a JVM is still there\n  pid 4711 java \u001b[2Jcarbon\n  port 9443',
    seconds: 60.04,
  },
  { type: 'wave.ended', play: 'stop gateways', wave: 1 },
  { type: 'stopped', play: 'stop gateways', reason: '1 of 1 host failed, 0 % may' },
  { type: 'run.ended', outcome: 'failed', seconds: 150 },
])

/** The run of above taken back, with one undo that did not work. */
export const rollback: readonly Stamped[] = stamp([
  {
    type: 'run.started',
    run: '20261122-101000-b2',
    kind: 'rollback',
    of: '20261122-100000-a1',
    playbook: 'playbooks/to-3.0.0.ts',
    inventory: ['inventory/hosts.yml'],
    digest: 'd'.repeat(64),
    tool: '0.1.0',
    check: false,
    waves: waves.slice(1, 3),
  },
  { type: 'wave.started', play: 'stop gateways', wave: 1 },
  { type: 'undo.started', purpose: 'rollback', task: 'stop gateways/gw1/stop' },
  { type: 'undo.ended', purpose: 'rollback', task: 'stop gateways/gw1/stop', seconds: 30 },
  { type: 'undo.started', purpose: 'rollback', task: 'stop gateways/gw1/fetch[packs/3.0.0.zip]' },
  {
    type: 'undo.ended',
    purpose: 'rollback',
    task: 'stop gateways/gw1/fetch[packs/3.0.0.zip]',
    error: 'gw1: Permission denied',
    seconds: 0.1,
  },
  { type: 'tasks.rewound', tasks: ['stop gateways/gw1/stop'], by: 'dump databases/db/dump' },
  { type: 'wave.ended', play: 'stop gateways', wave: 1 },
  { type: 'run.ended', outcome: 'needs-operator', seconds: 31 },
])
