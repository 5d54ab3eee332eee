import type { Json } from '../model/json.ts'
import { toPlain } from '../model/json.ts'
import type { Reporter } from './reporter.ts'

// A terminal may be what reads this.
const risky = /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** The events as they are, what commands print excepted, one JSON object a line; a secret is `{"$secret": name}`, marks that a terminal obeys are escaped. */
export function jsonReporter(out: (text: string) => void): Reporter {
  return {
    event(event) {
      if (event.type === 'task.output') return
      out(`${harmless(JSON.stringify(toPlain(event as unknown as Json)))}\n`)
    },
    end() {},
  }
}

/** JSON in which marks that a terminal obeys are escaped: the same value to whoever parses it. */
export const harmless = (json: string): string =>
  json.replace(risky, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`)
