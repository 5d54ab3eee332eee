import { any, change, defineFleet, observe, one, restored, some, z } from 'upgrade-fleet'

export const fleet = defineFleet({
  groups: {
    migration: one(z.object({ home: z.string() })),
    web: some(z.object({ home: z.string().optional(), port: z.number() })),
    spare: any(z.object({ port: z.number() })),
  },
  vars: z.object({
    version: z.string(),
    databases: z.array(z.object({ name: z.string(), url: z.string() })),
  }),
})
export const detect = observe('detect', async (_on, input: { home: string }) => ({ version: input.home }))
export const write = change('write', {
  apply: async (_on, input: { path: string; mode?: string | undefined }) => ({ path: input.path }),
  undo: async () => {},
})
export const migrate = change('migrate', {
  apply: async (_on, _input: { url: string }) => {},
  undo: restored,
})
