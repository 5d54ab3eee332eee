import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { closeAge, isAge, newIdentity, openAge, recipientsIn, recipientsOf } from '../inventory/age.ts'
import { isVault } from '../inventory/vault.ts'
import { writeWhole } from '../journal/whole-file.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { sanitize } from '../model/sanitize.ts'
import { askHidden } from './ask.ts'
import { edited } from './edited.ts'
import { Exit } from './exit.ts'
import { type AskHidden, defaultIdentity, identitiesOf } from './typed.ts'

interface SecretFlags {
  readonly ageIdentity?: readonly string[]
  readonly recipient?: readonly string[]
  readonly name?: string
  readonly force?: boolean
  readonly out?: string
}

const list = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value]
const identityOption = () =>
  new Option(
    '--age-identity <file>',
    'the key (default: UPGRADE_FLEET_AGE_IDENTITY, else ~/.config/upgrade-fleet/age.key)',
  ).argParser(list)
const recipientOption = () =>
  new Option(
    '--recipient <age1...>',
    'encrypt for this recipient; may be given again (default: that of the key)',
  ).argParser(list)

/** `upgrade-fleet secret keygen | encrypt | decrypt | edit`: secrets of an inventory, encrypted with age. */
export function secretCommand(io: Io): Command {
  const keygen = new Command('keygen')
    .description('make a key of age, in a file of your own (0600), and print its recipient')
    .option('--out <file>', 'the file, which must be new (default: ~/.config/upgrade-fleet/age.key)')
    .action((flags: SecretFlags) => makeKey(io, flags))
  const encrypt = new Command('encrypt')
    .description(
      'encrypt what comes on stdin, or is typed without being shown, and print what the inventory takes',
    )
    .addOption(recipientOption())
    .addOption(identityOption())
    .option('--name <variable>', 'the variable, to print it too')
    .action((flags: SecretFlags) => encryptOne(io, flags))
  const decrypt = new Command('decrypt')
    .description('print what is in a text of age: of a file, or of stdin')
    .argument('[file]', 'the file; without it, stdin')
    .addOption(identityOption())
    .option('--force', 'print it although stdout is no terminal', false)
    .action((file: string | undefined, flags: SecretFlags) => decryptOne(io, file, flags))
  const edit = new Command('edit')
    .description(
      'edit a file that is encrypted with age (variables of group_vars, say), or make one, in $EDITOR',
    )
    .argument('<file>', 'the file')
    .addOption(recipientOption())
    .addOption(identityOption())
    .action((file: string, flags: SecretFlags) => editOne(io, file, flags))
  const command = new Command('secret').description('encrypt secrets with age, decrypt and edit them')
  for (const one of [keygen, encrypt, decrypt, edit]) command.addCommand(one)
  return command
}

async function makeKey(io: Io, { out }: SecretFlags): Promise<void> {
  const file = out === undefined ? defaultIdentity(io) : resolve(io.cwd, out)
  if (out === undefined) await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const { identity, recipient } = await newIdentity()
  const handle = await open(file, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(
      error.code === 'EEXIST' ? `${file}: expected a new file, got one that is there` : error.message,
      'Name another: upgrade-fleet secret keygen --out FILE',
    )
  })
  await handle.writeFile(`# created: ${io.now().toISOString()}\n# public key: ${recipient}\n${identity}\n`)
  await handle.sync().finally(() => handle.close())
  io.err(`The key is in ${file}: whoever has it reads the secrets. Keep a copy where nobody else finds it.\n`)
  io.out(`${recipient}\n`)
}

async function encryptOne(io: Io, flags: SecretFlags, ask: AskHidden = askHidden): Promise<void> {
  if (flags.name !== undefined && !/^[A-Za-z_]\w*$/.test(flags.name))
    throw new InputError(
      `--name ${sanitize(flags.name)}: expected the name of a variable, of letters, digits and _`,
      'For instance: upgrade-fleet secret encrypt --name db_password',
    )
  const recipients = await recipientsFor(io, flags)
  const value = await givenValue(io, ask)
  const text = (await closeAge(value, recipients)).trimEnd()
  const head = flags.name === undefined ? '' : `${flags.name}:\n  `
  const indent = flags.name === undefined ? '  ' : '    '
  io.out(`${head}age: |\n${text.replace(/^/gm, indent)}\n`)
}

async function givenValue(io: Io, ask: AskHidden): Promise<string> {
  if (!io.answers) {
    const value = ((await io.input?.()) ?? '').replace(/\r?\n$/, '')
    if (value === '')
      throw new InputError(
        'secret encrypt: expected the secret on stdin, got nothing',
        'Nothing was encrypted.',
      )
    return value
  }
  const value = await ask(io, 'The secret:')
  const again = value === '' ? '' : await ask(io, 'Once more:')
  if (io.interrupted.aborted) throw new Exit(130)
  if (value === '' || value !== again)
    throw new InputError(
      value === ''
        ? 'secret encrypt: expected a secret, got none'
        : 'secret encrypt: these are two different texts',
      'Nothing was encrypted.',
    )
  return value
}

async function decryptOne(io: Io, file: string | undefined, flags: SecretFlags): Promise<void> {
  if (!io.tty && !flags.force)
    throw new InputError(
      'secret decrypt: expected a terminal, got a file or a pipe, which may keep what is printed',
      'If you mean it: --force',
    )
  const text = file === undefined ? ((await io.input?.()) ?? '') : await textOf(io, file)
  io.out(
    `${await openAge(file ?? 'stdin', encrypted(file ?? 'stdin', text), identitiesOf(io, flags.ageIdentity))}\n`,
  )
}

async function editOne(io: Io, file: string, flags: SecretFlags): Promise<void> {
  const there = await textOf(io, file).catch((error: unknown) => {
    if (error instanceof InputError && /ENOENT/.test(error.message)) return undefined
    throw error
  })
  const recipients = await recipientsFor(io, flags)
  const identities = identitiesOf(io, flags.ageIdentity)
  const before = there === undefined ? '' : await openAge(file, encrypted(file, there), identities)
  if (there !== undefined && flags.recipient === undefined) {
    const number = await recipientsIn(there)
    // They are not named in it: whoever is not named again could not read it any more.
    if (number !== recipients.length)
      throw new InputError(
        `${file}: it is encrypted for ${number} recipients, and your keys are ${recipients.length}`,
        'Name all that shall read it: --recipient age1... --recipient age1...',
      )
  }
  const after = await edited(io, before === '' ? '' : `${before}\n`, file)
  if (after.replace(/\r?\n$/, '') === before) {
    io.err(`${file}: nothing was changed\n`)
    return
  }
  await writeWhole(resolve(io.cwd, file), await closeAge(after, recipients))
  io.err(
    `${file}: encrypted for ${recipients.length === 1 ? 'one recipient' : `${recipients.length} recipients`}\n`,
  )
}

async function recipientsFor(io: Io, flags: SecretFlags): Promise<readonly string[]> {
  if (flags.recipient !== undefined) return flags.recipient
  const own = await recipientsOf(identitiesOf(io, flags.ageIdentity))
  if (own.length === 0)
    throw new InputError(
      'secret: expected a recipient to encrypt for, got none, and there is no key of yours',
      'Make a key: upgrade-fleet secret keygen; or name a recipient: --recipient age1...',
    )
  return own
}

const textOf = (io: Io, file: string): Promise<string> =>
  readFile(resolve(io.cwd, file), 'utf8').catch((error: Error) => {
    throw new InputError(`${file}: ${error.message}`, 'Name a file that is encrypted with age.')
  })

/** The text of age in what was given: alone, or where `secret encrypt` printed it for an inventory. */
function encrypted(file: string, text: string): string {
  if (isVault(text))
    throw new InputError(
      `${file}: it is an Ansible vault, which is only read here`,
      `Edit it: ansible-vault edit ${file}`,
    )
  const [found] =
    /-----BEGIN AGE ENCRYPTED FILE-----[\s\S]*?-----END AGE ENCRYPTED FILE-----/.exec(text) ?? []
  if (found === undefined || !isAge(found))
    throw new InputError(
      `${file}: expected -----BEGIN AGE ENCRYPTED FILE-----, got no such line`,
      'Name a file that is encrypted with age, or encrypt a value: upgrade-fleet secret encrypt',
    )
  return found
}
