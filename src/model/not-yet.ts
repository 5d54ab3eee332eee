/** Thrown when a task's function reads an output that is not there yet: the task is known after `what`. */
export class NotYet extends Error {
  readonly what: string
  constructor(what: string) {
    super(`known after ${what}`)
    this.what = what
  }
}

/** The error that says so. Planning meets thousands of these, and nobody reads where they come from: without a stack they cost little. */
export function notYet(what: string): NotYet {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const error = new NotYet(what)
  Error.stackTraceLimit = stackTraceLimit
  return error
}
