import { resolve } from 'node:path'
import { Command } from 'commander'
import { plainWarnings } from '../inventory/plain-secrets.ts'
import { findPlaybook } from '../load/load-playbook.ts'
import { typeCheck } from '../load/type-check.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { playsOf } from '../model/schedule.ts'
import { type RunFlags, withForks, withOutput, withSelection } from './flags.ts'
import { typesFile } from './paths.ts'
import { prepare } from './prepare.ts'
import { withKeys } from './typed.ts'

/** `upgrade-fleet check <playbook.ts>`: type-checks the playbook, validates inventory and artifacts, connects to nothing. */
export function checkCommand(io: Io): Command {
  const command = new Command('check')
    .argument('<playbook>', 'the playbook, a .ts file')
    .description('check a playbook and its inventory, without a connection')
    .action(async (file: string, flags: RunFlags) => {
      await findPlaybook(file, io.cwd)
      const problems = await typeCheck([resolve(io.cwd, file)], { cwd: io.cwd, types: await typesFile() })
      if (problems.length > 0) throw new InputError(problems, 'Correct the playbook and check it again.')
      const prepared = await prepare(io, file, flags, false)
      for (const warning of plainWarnings(prepared.inventory)) io.err(`warning: ${warning}\n`)
      const plays = playsOf(prepared.schedule)
      const hosts = new Set(plays.flatMap(({ waves }) => waves.flat().map((host) => host.name)))
      io.out(`${file}: good: ${plays.length} plays on ${hosts.size} hosts and things\n`)
      await prepared.discard()
    })
  return withOutput(withKeys(withForks(withSelection(command))))
}
