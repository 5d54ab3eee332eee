import { any, change, cutover, defineFleet, play, playbook, z } from 'upgrade-fleet'

const fleet = defineFleet({ groups: { web: any(z.object({})) }, vars: z.object({}) })
const start = change('start', { apply: async () => null, undo: async (on) => on.say('stopped again') })

/** One change, then users are let in. */
const book = playbook('cutover', { fleet }, (site) => [
  play('start', site.web).task('server', () => start(null)),
  cutover('users in'),
])
// biome-ignore lint/style/noDefaultExport: a playbook's file has one
export default book
