import { join } from 'node:path'
import { hostLogs } from '../journal/host-logs.ts'
import type { RunFolder } from '../journal/runs.ts'
import type { Io } from '../model/io.ts'
import { jsonReporter } from '../report/json.ts'
import { linesReporter } from '../report/lines.ts'
import { quietReporter } from '../report/quiet.ts'
import { type Reporter, together } from '../report/reporter.ts'
import { type RunEnd, summaryReporter } from '../report/summary.ts'
import type { Look } from '../report/tree/frame.ts'

/** The values of `--output`. */
export const outputs = ['tree', 'lines', 'json', 'quiet'] as const

/** How a run is shown. */
export type Output = (typeof outputs)[number]

/** What shows a run: a tree on a terminal, lines elsewhere, or what was asked for; a summary after these two. */
export async function openScreen(
  io: Io,
  output: Output = io.tty ? 'tree' : 'lines',
  folder?: RunFolder | undefined,
): Promise<Reporter> {
  const shown = await reporterOf(io, output)
  const sums = output === 'tree' || output === 'lines'
  const logs = folder === undefined ? undefined : join(folder.path, 'hosts')
  const places =
    folder === undefined || logs === undefined
      ? []
      : [
          { what: 'journal', path: folder.journal },
          { what: 'logs', path: logs },
        ]
  const kept = logs === undefined ? [] : [hostLogs(logs)]
  const screen = together(
    shown,
    ...kept,
    ...(sums ? [summaryReporter(io.out, { places, next: next(nameOf(io)) })] : []),
  )
  const tell = () =>
    screen.note?.('interrupted: what is under way is brought to its end; Ctrl-C again ends at once')
  io.interrupted.addEventListener('abort', tell, { once: true })
  return screen
}

async function reporterOf(io: Io, output: Output): Promise<Reporter> {
  switch (output) {
    case 'json':
      return jsonReporter(io.out)
    case 'quiet':
      return quietReporter(io.err)
    case 'lines':
      return linesReporter(io.out)
    case 'tree': {
      const { treeReporter } = await import('../report/tree.ts')
      return treeReporter({
        out: io.out,
        look: () => lookOf(io),
        now: () => io.now().getTime(),
        every(milliseconds, tick) {
          const timer = setInterval(tick, milliseconds)
          return () => clearInterval(timer)
        },
      })
    }
    default:
      return output satisfies never
  }
}

/** What the terminal can show, by its size and environment. */
function lookOf(io: Io): Look {
  const { NO_COLOR, TERM, LC_ALL, LC_CTYPE, LANG } = io.env
  return {
    columns: io.columns,
    rows: io.rows,
    color: (NO_COLOR ?? '') === '' && TERM !== 'dumb',
    unicode: /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || ''),
  }
}

/** What can be typed after a run that ended so. */
const next = (tool: string) => (end: RunEnd) => {
  if (end.check) return []
  const resume = { type: `${tool} resume ${end.run}`, for: 'go on from where it stopped' }
  const rollback = end.cutOver
    ? {
        type: `${tool} rollback ${end.run} --after-cutover ${end.run}`,
        for: 'bring the fleet back; what users wrote since the cut-over is lost',
      }
    : { type: `${tool} rollback ${end.run}`, for: 'bring the fleet back' }
  if (end.kind === 'rollback')
    return end.outcome === 'ok' ? [] : [{ ...rollback, for: 'go on with taking back' }]
  if (end.outcome === 'ok') return end.changed && !end.leavesAsFound ? [rollback] : []
  if (end.outcome === 'blocked') return []
  return end.changed ? [resume, rollback] : [resume]
}

/** How this tool was called, so that what it proposes can be typed: through npm it is seldom on the PATH. */
const nameOf = ({ env }: Io): string => `${env['npm_command'] === undefined ? '' : 'npx '}upgrade-fleet`
