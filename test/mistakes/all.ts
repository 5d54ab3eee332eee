import { illegalHops, secretsInStrings, wrongArguments } from './list/arguments.ts'
import { misspeltHandlers } from './list/handlers.ts'
import { misspeltGroups, misspeltOutputs, misspeltVars } from './list/names.ts'
import { misspeltTags } from './list/tags.ts'
import { latePoints, missingUndo } from './list/undo.ts'
import type { Mistake } from './mistake.ts'

/** Every seeded mistake, in the order of the golden file. */
export const all: readonly Mistake[] = [
  ...[misspeltVars, misspeltGroups, misspeltTags, misspeltHandlers, misspeltOutputs, wrongArguments],
  ...[missingUndo, latePoints, secretsInStrings, illegalHops],
].flat()
