import { change, observe, play, playbook, sh, z } from 'upgrade-fleet'
import { fleet } from './fleet.ts'

const asks = observe('asks', async (on, { turn }: { turn: number }) => on.must(sh.read`echo ${turn}`))
const changes = change('changes', {
  apply: async (on, { turn }: { turn: number }) => on.must(sh`echo ${turn}`),
  undo: async () => {},
})

const params = z.object({ commands: z.coerce.number(), how: z.enum(['asks', 'changes']) })

export default playbook('bench', { fleet, params }, (site, { commands, how }) => {
  const turns = Array.from({ length: commands }, (_, turn) => turn)
  const module = how === 'asks' ? asks : changes
  return [
    turns.reduce(
      (all, turn) => all.task(`t${turn}` as string, () => module({ turn })),
      play('work', site.bench) as never,
    ),
  ]
})
