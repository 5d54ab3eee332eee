/**
 * What a finding means for a run: it blocks; it blocks until the inventory's `preflight_accepted` names it, since a person has
 * to decide; or it is told, and the run goes on.
 */
export type Level = 'blocks' | 'asks' | 'warns'

/** One thing that preflight looks for. `docs/preflight.md` is this list. */
export type Check = {
  readonly level: Level
  /** What is read. */
  readonly reads: string
  /** Why it blocks, or only warns. */
  readonly why: string
  /** Where the fact is from. */
  readonly source: string
}

/** Makes one. */
export const check = <const L extends Level>(
  level: L,
  reads: string,
  why: string,
  source: string,
): Check & { readonly level: L } => ({
  level,
  reads,
  why,
  source,
})
