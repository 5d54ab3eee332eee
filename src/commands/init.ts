import { basename, relative, resolve } from 'node:path'
import { Command } from 'commander'
import { hostsText, riskLine, risksText, siteText } from '../apim/import/project-text.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { sanitize } from '../model/sanitize.ts'
import { importAnsible } from './init/import.ts'
import { packageFiles } from './init/package-files.ts'
import {
  artifactsText,
  gitignoreText,
  packageText,
  readmeText,
  sampleFacts,
  tsconfigText,
} from './init/texts.ts'
import { writeNew } from './init/write-new.ts'
import { type KeyFlags, withKeys } from './typed.ts'

type Flags = KeyFlags & { readonly fromAnsible?: string }

/** `upgrade-fleet init [DIR]`: a project to start from; with `--from-ansible` one for the fleet of an inventory of WSO2's Ansible roles. */
export function initCommand(io: Io): Command {
  const command = new Command('init')
    .description('make a project: fleet, inventory, playbooks; overwrites nothing')
    .argument('[directory]', 'where', '.')
    .option(
      '--from-ansible <folder>',
      "read the inventory folder of WSO2's own Ansible roles; secrets are not copied",
    )
    .action(async (directory: string, flags: Flags) => init(io, directory, flags))
  return withKeys(command)
}

async function init(io: Io, directory: string, flags: Flags): Promise<void> {
  const from = flags.fromAnsible
  // A shell's variable that is not set would be this very directory.
  if (directory === '' || from === '')
    throw new InputError(
      `${from === '' ? '--from-ansible' : 'init'}: expected a directory, got an empty name`,
      'Here is a dot: upgrade-fleet init .',
    )
  const path = resolve(io.cwd, directory)
  const imported = from === undefined ? undefined : await importAnsible(io, from, flags)
  const facts = imported?.facts ?? sampleFacts
  const origin =
    from === undefined
      ? 'Replace what is here by what is so.'
      : `Made from ${from}; each comment says where the value came from.`
  const check =
    'After each change: upgrade-fleet check playbooks/verify.ts connects to nothing, and names line and column of what is wrong.'
  const files = new Map([
    ['package.json', packageText(basename(path))],
    ['tsconfig.json', tsconfigText],
    ['.gitignore', gitignoreText],
    ['README.md', readmeText(imported !== undefined)],
    ...(await packageFiles()),
    ['inventory/hosts.yml', hostsText(facts, [origin, check])],
    ['inventory/group_vars/all.yml', siteText(facts, ['What the whole fleet shares.', origin])],
    ['inventory/artifacts.yml', artifactsText],
    ...(imported === undefined
      ? []
      : [['RISKS.md', risksText(imported.risks, imported.missing, imported.secrets)] as const]),
  ])
  await writeNew(path, files)
  for (const name of files.keys()) io.out(`${relative(io.cwd, resolve(path, name)) || name}\n`)
  if (imported !== undefined) tell(io, imported)
  const where = relative(io.cwd, path)
  io.out(
    sanitize(
      `\nNext: ${where === '' ? '' : `cd ${where}; `}npm install; npx upgrade-fleet doctor; npx upgrade-fleet check playbooks/verify.ts\n`,
    ),
  )
}

function tell(
  io: Io,
  { risks, missing, secrets, warnings }: Awaited<ReturnType<typeof importAnsible>>,
): void {
  const part = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) io.out(sanitize(`\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`))
  }
  for (const warning of warnings) io.err(sanitize(`warning: ${warning}\n`))
  part('Risks, which stand in RISKS.md too:', risks.map(riskLine))
  part('To be filled in; check will not pass before:', missing)
  part('Secrets, which were not copied:', secrets)
}
