import { Command } from 'commander'
import { explain } from '../apim/explain.ts'
import type { Io } from '../model/io.ts'

const list = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...value.split(',').filter((each) => each !== ''),
]

/** `upgrade-fleet route FROM TO`: the hops between two versions, explained. */
export function routeCommand(io: Io): Command {
  return new Command('route')
    .description('explain the hops between two versions of API Manager')
    .argument('<from>', 'the version that serves now, such as 1.9.1')
    .argument('<to>', 'the version to reach, such as 3.0.0')
    .option('--via <versions>', 'the version right before the target; several, in order, with commas', list)
    .option('--land <versions>', 'versions at which the whole fleet is started, besides the target', list)
    .action(
      (
        from: string,
        to: string,
        wish: { readonly via?: readonly string[]; readonly land?: readonly string[] },
      ) => {
        io.out(`${explain(from, to, wish).join('\n')}\n`)
      },
    )
}
