import { cut, duration, names, plural } from '../text.ts'
import { countsText } from '../words.ts'
import type { HostRow, WaveRow } from './rows.ts'

/** How it looks on this terminal. */
export interface Look {
  readonly columns: number
  readonly rows: number
  readonly color: boolean
  /** Whether the terminal shows more than ASCII. */
  readonly unicode: boolean
}

type Tone = 'red' | 'green' | 'cyan' | 'dim'

const codes: Readonly<Record<Tone, readonly [number, number]>> = {
  red: [31, 39],
  green: [32, 39],
  cyan: [36, 39],
  dim: [2, 22],
}
const spinners = { unicode: '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏', ascii: '|/-\\' }

/** The line that stays when a wave is over, with what failed under it. */
export function finishedLines(wave: WaveRow, look: Look): readonly string[] {
  const failed = wave.troubles.length > 0
  const left = wave.state === 'left' ? 'not finished, ' : ''
  const took = duration((wave.ended - wave.began) / 1000)
  const line = `${title(wave)}: ${left}${countsText(wave.counts, wave.undone)} (${took})`
  const troubles = wave.troubles
    .slice(0, 20)
    .flatMap(({ host, lines }) => [
      painted(look, '    ', 'red', mark(look, 'failed'), `${host} > ${lines[0] ?? ''}`),
      ...lines.slice(1, 6).map((more) => painted(look, '        ', undefined, '', more)),
    ])
  const more = wave.troubles.length - 20
  const sign = failed ? 'failed' : left === '' ? 'done' : 'left'
  return [
    painted(look, '', failed ? 'red' : 'green', mark(look, sign), line),
    ...troubles,
    ...(more > 0 ? [painted(look, '    ', 'red', '', `and ${more} more`)] : []),
  ]
}

/** What is redrawn: the waves under way with the hosts that matter most, in fewer lines than the terminal has. */
export function activeLines(
  waves: readonly WaveRow[],
  hostsOf: (wave: WaveRow) => readonly HostRow[],
  look: Look,
  now: number,
): readonly string[] {
  const room = look.rows - 1
  const active = waves.filter(({ state }) => state === 'active')
  if (active.length === 0 || room < 1) return []
  // A run that goes on begins in the middle: what comes before the last begun wave was done then.
  const begun = waves.findLastIndex(({ state }) => state !== 'waiting')
  const waiting = waves.slice(begun + 1)
  const foot =
    waiting.length > 0 && room >= 4
      ? [painted(look, '  ', 'dim', '', `then ${names(waiting.map(title), 3)}`)]
      : []
  const share = Math.max(1, Math.floor((room - foot.length) / active.length))
  const lines = active.flatMap((wave) => waveLines(wave, hostsOf(wave), look, now, share))
  return [...lines.slice(0, room - foot.length), ...foot].slice(0, room)
}

function waveLines(
  wave: WaveRow,
  hosts: readonly HostRow[],
  look: Look,
  now: number,
  room: number,
): readonly string[] {
  const of = (state: HostRow['state']) => hosts.filter((host) => host.state === state)
  const [failed, busy, over, waiting] = [of('failed'), of('busy'), of('done'), of('waiting')]
  const head = [
    `${title(wave)}: ${over.length} of ${plural(hosts.length, 'host')} done`,
    ...(failed.length > 0 ? [`${failed.length} failed`] : []),
    duration(Math.max(0, now - wave.began) / 1000),
  ].join(', ')
  const lines = [painted(look, '', 'cyan', spinner(look, now), head)]
  const space = room - 1
  const worth = [...failed.slice(0, Math.max(3, space - busy.length - 1)), ...busy]
  const hidden = failed.length + busy.length > worth.length || waiting.length > 0
  const shown = worth.slice(
    0,
    worth.length + (hidden ? 1 : 0) <= space ? worth.length : Math.max(0, space - 1),
  )
  for (const host of shown) lines.push(hostLine(host, look, now))
  const rest = (list: readonly HostRow[]) => list.length - list.filter((host) => shown.includes(host)).length
  const parts = [
    ...(rest(busy) > 0 ? [`${rest(busy)} more at work`] : []),
    ...(waiting.length > 0 ? [`${waiting.length} waiting`] : []),
    ...(rest(failed) > 0 ? [`${rest(failed)} more failed`] : []),
  ]
  if (space > shown.length && parts.length > 0) lines.push(painted(look, '    ', 'dim', '', parts.join(', ')))
  return lines
}

function hostLine(host: HostRow, look: Look, now: number): string {
  if (host.state === 'failed')
    return painted(look, '  ', 'red', mark(look, 'failed'), `${host.name} > ${host.doing}`)
  const bar =
    host.progress === undefined ? '' : ` ${progressBar(host.progress.share, look)} ${host.progress.text}`
  const long = now - host.since >= 2000 ? ` (${duration((now - host.since) / 1000)})` : ''
  const said = host.said === undefined ? '' : ` | ${host.said}`
  return painted(look, '  ', 'cyan', spinner(look, now), `${host.name} > ${host.doing}${bar}${long}${said}`)
}

/** A bar of ten cells. */
export function progressBar(share: number, look: Pick<Look, 'unicode'>): string {
  const full = Math.floor(Math.max(0, Math.min(1, share)) * 10)
  return look.unicode
    ? '█'.repeat(full) + '░'.repeat(10 - full)
    : `[${'#'.repeat(full)}${'-'.repeat(10 - full)}]`
}

function title(wave: WaveRow): string {
  return wave.of > 1 ? `${wave.play} ${wave.wave}/${wave.of}` : wave.play
}

function mark(look: Look, kind: 'done' | 'failed' | 'left'): string {
  const [done, failed, left] = look.unicode ? ['✔', '✖', '–'] : ['+', 'x', '-']
  return (kind === 'done' ? done : kind === 'failed' ? failed : left) ?? ''
}

function spinner(look: Look, now: number): string {
  const cells = look.unicode ? spinners.unicode : spinners.ascii
  return cells.charAt(Math.floor(now / 100) % cells.length)
}

/** One line within the width: a mark in its tone, then the text; without a mark the tone is the text's. */
function painted(look: Look, indent: string, tone: Tone | undefined, sign: string, text: string): string {
  const start = sign === '' ? indent : `${indent}${sign} `
  const kept = cut(text, look.columns - 1 - start.length, look.unicode ? '…' : '...')
  const paint = (part: string) => {
    if (!look.color || tone === undefined) return part
    const [on, off] = codes[tone]
    return `\u001b[${on}m${part}\u001b[${off}m`
  }
  return sign === '' ? `${indent}${paint(kept)}` : `${indent}${paint(sign)} ${kept}`
}
