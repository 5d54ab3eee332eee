// error: Property 'undo' is missing in type
import { change } from 'upgrade-fleet'

export const write = change('write', { apply: async (_on, path: string) => ({ path }) })
