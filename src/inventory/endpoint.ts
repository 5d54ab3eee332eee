import { z } from 'zod'
import type { Endpoint } from '../model/connection.ts'
import { InputError } from '../model/errors.ts'
import { type Inventory, type InventoryHost, placeOfVar } from '../model/inventory.ts'
import { findings, pathText } from './issues.ts'
import { problem } from './located.ts'
import { shellWords } from './shell-words.ts'
import { unsupported } from './unsupported.ts'

const word = (what: string) => z.string().regex(/^[^-\p{Cc}\s][^\p{Cc}\s]*$/u, what)
const path = z.string().regex(/^(\/|~\/)[^\p{Cc}]*$/u, 'expected an absolute path')
const port = 'expected a port of 1 to 65535'

const pinned =
  'expected a fingerprint as ssh-keygen -l prints it, SHA256: and 43 characters, or a list of them'
const pin = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, pinned)

const connection = z.object({
  ansible_connection: z.enum(['ssh', 'local']).default('ssh'),
  ansible_host: word('expected a host name or address').optional(),
  ansible_port: z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], port)
    .refine((value) => Number.isInteger(value) && value >= 1 && value <= 65_535, port)
    .default(22),
  ansible_user: word('expected a user name').optional(),
  ansible_ssh_private_key_file: path.optional(),
  ansible_ssh_common_args: z.string().default(''),
  upgrade_fleet_host_key: z
    .union([z.array(pin).min(1, 'expected at least one fingerprint'), pin.transform((one) => [one])], pinned)
    .optional(),
  upgrade_fleet_dir: z
    .string()
    .regex(/^\/[^\p{Cc}]*$/u, 'expected an absolute path')
    .optional(),
})

/** The names of the variables that say how to reach a host. */
export const connectionVars: readonly string[] = Object.keys(connection.shape)

/** How to reach a host, out of Ansible's connection variables. What is wrong with them is thrown at once, with its place. */
export function endpointOf(inventory: Inventory, host: InventoryHost, home?: string): Endpoint {
  const problems: string[] = []
  const complain = (at: readonly PropertyKey[], message: string) => {
    const { place } = placeOfVar(inventory, host, at)
    problems.push(problem(place, `hosts.${host.name}.${pathText(at)}`, message))
  }
  const vars = Object.fromEntries(
    connectionVars.filter((name) => Object.hasOwn(host.vars, name)).map((name) => [name, host.vars[name]]),
  )
  for (const found of unsupported(vars)) complain(found.path, found.message)
  if (problems.length > 0) throw new InputError(problems)
  const parsed = findings(connection, vars)
  if ('wrong' in parsed) {
    for (const { path: at, message } of parsed.wrong) complain(at, message)
    throw new InputError(problems)
  }
  const given = parsed.output as z.output<typeof connection>
  const known = knownHostsFiles(given.ansible_ssh_common_args)
  if (typeof known === 'string') {
    complain(['ansible_ssh_common_args'], known)
    throw new InputError(problems)
  }
  const expand = (file: string) =>
    home !== undefined && file.startsWith('~/') ? `${home}${file.slice(1)}` : file
  return {
    name: host.name,
    kind: given.ansible_connection,
    address: given.ansible_host ?? host.name,
    port: given.ansible_port,
    ...(given.ansible_user !== undefined && { user: given.ansible_user }),
    ...(given.ansible_ssh_private_key_file !== undefined && {
      privateKeyFile: expand(given.ansible_ssh_private_key_file),
    }),
    ...(known.length > 0 && { knownHostsFiles: known.map(expand) }),
    ...(given.upgrade_fleet_host_key !== undefined && {
      hostKeyFingerprints: given.upgrade_fleet_host_key,
    }),
    ...(given.upgrade_fleet_dir !== undefined && { workdir: given.upgrade_fleet_dir }),
  }
}

// The files of `-o UserKnownHostsFile="A B"`, the only argument of ssh that is understood; a sentence about any other.
function knownHostsFiles(text: string): readonly string[] | string {
  const words = shellWords(text)
  if (words === undefined) return 'expected quotes that end'
  // `-o X` and `-oX` are the same.
  const joined = words.flatMap((part, at) =>
    part === '-o' ? `-o${words[at + 1] ?? ''}` : words[at - 1] === '-o' ? [] : part,
  )
  const files: string[] = []
  for (const option of joined) {
    const [, value] = /^-oUserKnownHostsFile(?:\s*=\s*|\s+)(.+)$/i.exec(option) ?? []
    if (value === undefined) {
      return `expected nothing but "-o UserKnownHostsFile=/path", got ${JSON.stringify(option.replace(/^-o/, '-o '))}`
    }
    files.push(...value.replaceAll('"', '').split(/\s+/))
  }
  const wrong = files.find((file) => !path.safeParse(file).success)
  return wrong === undefined ? files : `expected absolute paths, got ${JSON.stringify(wrong)}`
}
