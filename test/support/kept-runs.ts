import { fileJournal } from '../../src/journal/file.ts'
import { makeRunFolder, type RunFolder, type RunRecord, saveRecord } from '../../src/journal/runs.ts'
import type { Event } from '../../src/model/event.ts'

const record: RunRecord = {
  kind: 'run',
  playbook: '/books/site.ts',
  digest: 'd'.repeat(64),
  bundle: 'playbook.mjs',
  inventory: { sources: [], hosts: [], groups: [], places: {}, warnings: [] },
  extraVars: {},
  limit: undefined,
  forks: 5,
}

/** Keeps a run in a state directory as the commands do: its record and, where events are given, its journal. */
export async function keepRun(
  state: string,
  id: string,
  events: readonly Event[] | undefined,
  more: Partial<RunRecord> = {},
): Promise<RunFolder> {
  const folder = await makeRunFolder(state, id)
  await saveRecord(folder, { ...record, ...more })
  if (events === undefined) return folder
  const { journal } = await fileJournal(folder.journal, () => new Date('2026-11-22T10:00:00Z'))
  for (const event of events) journal.append(event)
  await journal.close()
  return folder
}
