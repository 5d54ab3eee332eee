import { defineFleet, some, z } from 'upgrade-fleet'

export const fleet = defineFleet({ groups: { bench: some(z.object({})) }, vars: z.object({}) })
