import { Command } from 'commander'
import { explain, route } from '../apim/versions.ts'
import type { Io } from '../model/io.ts'

/** `upgrade-fleet route FROM TO`: the hops between two versions, explained. */
export function routeCommand(io: Io): Command {
  return new Command('route')
    .description('explain the hops between two versions of API Manager')
    .argument('<from>', 'the version that serves now, such as 1.9.1')
    .argument('<to>', 'the version to reach, such as 3.0.0')
    .option('--via <version>', 'the version right before the target')
    .action((from: string, to: string, { via }: { readonly via?: string }) => {
      const hops = route(from, to, via)
      io.out(hops.length === 0 ? `${from} is ${to}: nothing to do\n` : `${explain(hops).join('\n')}\n`)
    })
}
