/** What `main` hands to the commands, so that nothing else touches the process: streams, environment, clock, signals. */
export interface Io {
  out(text: string): void
  err(text: string): void
  /** Values of secrets that this process has met: what is said of an error is searched for them. */
  readonly secrets?: Set<string>
  /** All that comes on stdin; nothing without it. */
  input?(): Promise<string>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute path of the directory that the user stands in. */
  readonly cwd: string
  /** Whether a person sees stdout, and whether one can answer on stdin. */
  readonly tty: boolean
  readonly answers: boolean
  readonly columns: number
  readonly rows: number
  /** Who runs this process, where their home is, and its pid: for locks and default paths. */
  readonly user: string
  readonly home: string
  readonly pid: number
  readonly uid: number | undefined
  /** Node's version, such as `v20.19.0`. */
  readonly node: string
  now(): Date
  /** Aborted by the first Ctrl-C, TERM or HUP. The second ends the process within 2 seconds. */
  readonly interrupted: AbortSignal
  /** Does what a Ctrl-C does: at a question the terminal sends no signal, but the key. */
  readonly interrupt?: () => void
}
