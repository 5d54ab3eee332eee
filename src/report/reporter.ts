import type { Stamped } from '../model/event.ts'

/** Shows events to somebody. It is told everything once, in order, and decides nothing. */
export interface Reporter {
  event(event: Stamped): void
  /** Nothing more comes, for whatever reason; may be called twice. */
  end(): void
  /** A line of ours that no event tells. */
  note?(line: string): void
  /** Leaves the screen to a question, until {@link Reporter.resume}. Only who redraws has these. */
  pause?(): void
  resume?(): void
}

/** Several reporters as one; a reporter that throws silences itself, never the run. */
export function together(...reporters: readonly Reporter[]): Reporter {
  const broken = new Set<Reporter>()
  const each = (tell: (reporter: Reporter) => void) => {
    for (const reporter of reporters) {
      if (broken.has(reporter)) continue
      try {
        tell(reporter)
      } catch {
        broken.add(reporter)
      }
    }
  }
  return {
    event: (event) => each((reporter) => reporter.event(event)),
    end: () => each((reporter) => reporter.end()),
    note: (line) => each((reporter) => reporter.note?.(line)),
    pause: () => each((reporter) => reporter.pause?.()),
    resume: () => each((reporter) => reporter.resume?.()),
  }
}
