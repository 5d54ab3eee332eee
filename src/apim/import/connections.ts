import type { InventoryHost } from '../../model/inventory.ts'
import type { Json } from '../../model/json.ts'
import { type AnsibleSource, origin, type Said, textOf } from './facts.ts'
import type { OldServer } from './roles.ts'

/** What of a connection is taken as it is. */
const plain = [
  'ansible_connection',
  'ansible_host',
  'ansible_ssh_host',
  'ansible_port',
  'ansible_ssh_port',
  'ansible_user',
  'ansible_ssh_user',
  'ansible_ssh_private_key_file',
  'ansible_private_key_file',
  'ansible_ssh_common_args',
  'ansible_become_method',
]

/** What of it is a secret that a person types. */
const typed = [
  'ansible_password',
  'ansible_ssh_pass',
  'ansible_ssh_password',
  'ansible_become_password',
  'ansible_become_pass',
]

/** How each server is reached: what all say alike, and what each says for itself. */
export function connectionsOf(
  source: AnsibleSource,
  servers: readonly OldServer[],
): { readonly shared: readonly Said[]; readonly own: (host: InventoryHost) => readonly Said[] } {
  const said = new Map(servers.map(({ host }) => [host.name, connectionOf(source, host)]))
  const all = [...said.values()]
  const [first = []] = all
  const shared = first.filter(({ name, value }) =>
    all.every((list) => list.some((one) => one.name === name && same(one.value, value))),
  )
  const isShared = (name: string) => all.length > 1 && shared.some((one) => one.name === name)
  return {
    shared: shared.filter(({ name }) => isShared(name)),
    own: ({ name }) => (said.get(name) ?? []).filter((one) => !isShared(one.name)),
  }
}

const same = (a: Json | undefined, b: Json | undefined) => JSON.stringify(a) === JSON.stringify(b)

function connectionOf(source: AnsibleSource, host: InventoryHost): readonly Said[] {
  const taken = plain.flatMap((name): readonly Said[] => {
    const value = textOf(source.value(host, name))
    // Ansible's own choices between its transports: ssh is meant.
    if (value === undefined || (name === 'ansible_connection' && /^(ssh|smart|paramiko.*)$/.test(value)))
      return []
    return [{ name, value: /_port$/.test(name) ? Number(value) : value, why: origin(source, host, name) }]
  })
  const user = textOf(source.value(host, 'ansible_user') ?? source.value(host, 'ansible_ssh_user'))
  const secrets = typed.flatMap((name): readonly Said[] =>
    host.vars[name] === undefined
      ? []
      : [
          {
            name,
            value: {
              prompt: `${name.includes('become') ? 'Password for sudo' : 'Password'} of ${user ?? 'the user'}`,
            },
            why: `asked for; ${origin(source, host, name)} has it now`,
          },
        ],
  )
  return [...taken, ...secrets, ...becoming(source, host, user)]
}

// The roles become root for everything; what they install is of `wso2_user`, and so is what is done here.
function becoming(source: AnsibleSource, host: InventoryHost, user: string | undefined): readonly Said[] {
  const owner = textOf(source.value(host, 'wso2_user'))
  if (owner === undefined || owner === user) return []
  const why = `${origin(source, host, 'wso2_user')}: the servers are of that user, who needs a home of their own`
  return [
    { name: 'ansible_become', value: true, why: 'the roles become another user too' },
    { name: 'ansible_become_user', value: owner, why },
  ]
}
