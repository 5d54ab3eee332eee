import { Command, Option } from 'commander'
import type { Io } from '../model/io.ts'
import { sanitize } from '../model/sanitize.ts'
import { lookAtAnsible } from './doctor/ansible.ts'
import type { Finding } from './doctor/finding.ts'
import { lookAtKeys } from './doctor/keys.ts'
import { lookAtMachine } from './doctor/machine.ts'
import { lookAtProject, type ProjectFlags } from './doctor/project.ts'
import { lookAtState } from './doctor/state.ts'
import { Exit } from './exit.ts'
import { stateOption } from './flags.ts'
import { inventoryOption } from './options.ts'
import { stateDirectory } from './paths.ts'
import { withKeys } from './typed.ts'

type Flags = ProjectFlags & { readonly state?: string; readonly output?: 'lines' | 'json' }

/** `upgrade-fleet doctor`: what is fine and what is not, on this machine and in this project; reads only. Ends with 2 where something is wrong. */
export function doctorCommand(io: Io): Command {
  const command = new Command('doctor')
    .description(
      'look at this machine and project, and say what is wrong and what to type next; changes nothing',
    )
    .addOption(inventoryOption())
    .option(
      '--playbook-dir <directory>',
      'whose group_vars and host_vars win over those beside the inventory (default: playbooks)',
    )
    .addOption(stateOption())
    .option('--digests', 'compare artefacts with their digests however large they are')
    .addOption(
      new Option('--output <kind>', 'json: one object a line').choices(['lines', 'json']).default('lines'),
    )
    .action(async (flags: Flags) => {
      const findings = await examine(io, flags)
      for (const finding of findings)
        io.out(flags.output === 'json' ? `${JSON.stringify(finding)}\n` : lineOf(finding))
      const wrong = findings.filter(({ kind }) => kind === 'wrong').length
      if (flags.output !== 'json') io.out(wrong === 0 ? 'Nothing is wrong.\n' : `${wrong} wrong.\n`)
      if (wrong > 0) throw new Exit(2)
    })
  return withKeys(command)
}

const examine = async (io: Io, flags: Flags): Promise<readonly Finding[]> => [
  ...(await lookAtMachine(io)),
  ...(await lookAtState(io, stateDirectory(io, flags.state))),
  ...(await lookAtKeys(io, flags)),
  ...(await lookAtProject(io, flags)),
  ...(await lookAtAnsible(io)),
]

const words = { fine: 'ok   ', note: 'note ', wrong: 'WRONG' }

function lineOf({ kind, about, text, next }: Finding): string {
  const more = next === undefined ? '' : `        -> ${sanitize(next)}\n`
  return `${words[kind]}  ${about}: ${sanitize(text)}\n${more}`
}
