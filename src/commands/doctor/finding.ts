import { stat } from 'node:fs/promises'
import { InputError } from '../../model/errors.ts'

/** One thing that was looked at: fine, good to know, or wrong. */
export interface Finding {
  readonly kind: 'fine' | 'note' | 'wrong'
  /** What was looked at, in a word or two. */
  readonly about: string
  readonly text: string
  /** What to type or do next. */
  readonly next?: string
}

/** Findings of one subject. */
export interface About {
  fine(text: string): Finding
  note(text: string, next?: string): Finding
  wrong(text: string, next?: string): Finding
  /** All that an error says; what is no {@link InputError} is one finding. */
  error(error: unknown): readonly Finding[]
}

/** Makes findings of one subject. */
export function about(subject: string): About {
  const make = (kind: Finding['kind']) => (text: string, next?: string) => ({
    kind,
    about: subject,
    text,
    ...(next !== undefined && { next }),
  })
  const wrong = make('wrong')
  return {
    fine: (text) => make('fine')(text),
    note: make('note'),
    wrong,
    error: (error) => {
      if (!(error instanceof InputError))
        return [wrong(error instanceof Error ? error.message : String(error))]
      const last = error.problems.length - 1
      return error.problems.map((text, at) => wrong(text, at === last ? error.next : undefined))
    },
  }
}

/** Permission bits as they are typed: `0600`. */
export const modeText = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0')

/** What is there at a path; undefined where nothing is, or nothing can be seen. */
export const lookAt = (path: string) => stat(path).catch(() => undefined)

/** Bytes as people read them. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}
