import { Command } from 'commander'
import { explainEndpoint } from '../inventory/endpoint.ts'
import { becomeOf } from '../model/account.ts'
import type { Io } from '../model/io.ts'
import { becomings } from '../plan/becomings.ts'
import { type RunFlags, withForks, withLogin, withOutput, withSelection } from './flags.ts'
import { prepare } from './prepare.ts'
import { sshController } from './ssh-controller.ts'

/** `upgrade-fleet sudoers <playbook.ts>`: the rules that its hosts need for sudo to ask for no password; connects to nothing. */
export function sudoersCommand(io: Io): Command {
  const command = new Command('sudoers')
    .argument('<playbook>', 'the playbook, a .ts file')
    .description('print the sudoers rules that a playbook needs on its hosts')
    .action(async (file: string, flags: RunFlags) => {
      const prepared = await prepare(io, file, flags, false)
      try {
        const controller = sshController(io, flags)
        const hosts = new Map(prepared.inventory.hosts.map((host) => [host.name, host]))
        const rules = new Map<string, string[]>()
        for (const [{ name }, accounts] of becomings(prepared.schedule)) {
          const host = hosts.get(name)
          if (host === undefined) continue
          const { endpoint } = explainEndpoint(prepared.inventory, host, controller)
          const login = endpoint.user ?? io.user
          const users = accounts.flatMap((account) => {
            const become = becomeOf(endpoint, account, login)
            return become?.method === 'sudo' ? [become.user] : []
          })
          const text = sudoersRule(login, users)
          if (text !== undefined) rules.set(text, [...(rules.get(text) ?? []), name])
        }
        if (rules.size === 0) io.err('No host needs a rule: nothing is done by sudo.\n')
        for (const [rule, names] of rules) io.out(`# ${names.join(', ')}\n${rule}\n`)
      } finally {
        await prepared.discard()
      }
    })
  return withOutput(withLogin(withForks(withSelection(command))))
}

/** The rule with which a user may become others as connections do it: one shell each, without a password. Undefined for no others. */
export function sudoersRule(login: string, users: readonly string[]): string | undefined {
  const others = [...new Set(users)].sort().map(escaped)
  return others.length === 0 ? undefined : `${escaped(login)} ALL=(${others.join(', ')}) NOPASSWD: /bin/sh`
}

/** A name as sudoers wants it, where signs mean something. */
const escaped = (name: string): string => name.replace(/[\\"!=:,()@ ]/g, (sign) => `\\${sign}`)
