import type { DumpNeeds, Row } from './types.ts'

/** What a restore will need, out of the rows of {@link Catalogue.needs}. */
export function needsOf(rows: readonly Row[]): DumpNeeds {
  const named = (kind: string) => [
    ...new Set(rows.flatMap((row) => (row['kind'] === kind ? [row['name'] ?? ''] : []))),
  ]
  return {
    owners: named('owner'),
    extensions: named('extension'),
    creators: named('creator'),
    superuser: named('superuser').length > 0,
  }
}
