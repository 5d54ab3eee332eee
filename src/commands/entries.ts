import type { Command } from 'commander'
import type { Io } from '../model/io.ts'

/** A command as the help lists it. Its code is loaded only when it is called. */
export interface Entry {
  readonly name: string
  /** What follows the name in the help, such as `<playbook.ts>`. */
  readonly usage?: string
  readonly summary: string
  readonly load: () => Promise<(io: Io) => Command>
}

/** All commands, in the order of the help. */
export const entries: readonly Entry[] = [
  {
    name: 'run',
    usage: '<playbook.ts> [options]',
    summary: 'run a playbook (the word run may be left out)',
    load: async () => (await import('./run.ts')).runCommand,
  },
  {
    name: 'plan',
    usage: '<playbook.ts> [options]',
    summary: 'print what would be done, per wave, host and task',
    load: async () => (await import('./plan.ts')).planCommand,
  },
  {
    name: 'check',
    usage: '<playbook.ts> [options]',
    summary: 'check a playbook and its inventory, without a connection',
    load: async () => (await import('./check.ts')).checkCommand,
  },
  {
    name: 'sudoers',
    usage: '<playbook.ts> [options]',
    summary: 'print the sudoers rules that a playbook needs on its hosts',
    load: async () => (await import('./sudoers.ts')).sudoersCommand,
  },
  {
    name: 'resume',
    usage: '[RUN] [options]',
    summary: 'go on with an interrupted or failed run',
    load: async () => (await import('./resume.ts')).resumeCommand,
  },
  {
    name: 'rollback',
    usage: '[RUN] [options]',
    summary: 'take a run back',
    load: async () => (await import('./rollback.ts')).rollbackCommand,
  },
  {
    name: 'route',
    usage: 'FROM TO',
    summary: 'explain the hops between two versions',
    load: async () => (await import('./route.ts')).routeCommand,
  },
  { name: 'runs', summary: 'list the runs', load: async () => (await import('./runs.ts')).runsCommand },
  {
    name: 'show',
    usage: '[RUN]',
    summary: 'tell what happened in a run',
    load: async () => (await import('./runs.ts')).showCommand,
  },
  {
    name: 'logs',
    usage: 'RUN HOST [TASK] | RUN --bundle FILE',
    summary: "print what was kept of a host's tasks, or pack a run for a support ticket",
    load: async () => (await import('./logs.ts')).logsCommand,
  },
  {
    name: 'verify-journal',
    usage: '[RUN]',
    summary: "check a run's journals, and those of its rollbacks",
    load: async () => (await import('./verify-journal.ts')).verifyJournalCommand,
  },
  {
    name: 'inventory',
    usage: '--list | --graph | --host NAME | explain HOST.VAR | diff A B | schema',
    summary: 'print the inventory',
    load: async () => (await import('./inventory.ts')).inventoryCommand,
  },
  {
    name: 'hosts',
    usage: '[PATTERN]',
    summary: 'print the hosts that a pattern means',
    load: async () => (await import('./hosts.ts')).hostsCommand,
  },
  {
    name: 'ping',
    usage: '[PATTERN]',
    summary: 'log in to hosts and run nothing',
    load: async () => (await import('./adhoc.ts')).pingCommand,
  },
  {
    name: 'exec',
    usage: 'PATTERN -- COMMAND',
    summary: 'run a shell command on hosts',
    load: async () => (await import('./adhoc.ts')).execCommand,
  },
  {
    name: 'facts',
    usage: '[PATTERN]',
    summary: 'ask hosts about themselves: system, space, users, Java, tools, clock',
    load: async () => (await import('./adhoc.ts')).factsCommand,
  },
  {
    name: 'hostkeys',
    usage: 'scan [PATTERN] | trust PATTERN',
    summary: 'print the keys that hosts show; store those that you have compared',
    load: async () => (await import('./hostkeys.ts')).hostkeysCommand,
  },
  {
    name: 'secret',
    usage: 'keygen | encrypt | decrypt | edit FILE',
    summary: 'encrypt secrets with age, so that they may stand in the inventory',
    load: async () => (await import('./secret.ts')).secretCommand,
  },
  {
    name: 'unlock',
    usage: '[PATTERN] [--run RUN]',
    summary: 'release the locks of a run that cannot do it',
    load: async () => (await import('./unlock.ts')).unlockCommand,
  },
  {
    name: 'init',
    usage: '[DIR] [--from-ansible FOLDER]',
    summary: "make a project, empty or from an inventory of WSO2's Ansible roles",
    load: async () => (await import('./init.ts')).initCommand,
  },
  {
    name: 'docs',
    usage: '[MODULE]',
    summary: 'print the modules that playbooks are made of, or all of one',
    load: async () => (await import('./docs.ts')).docsCommand,
  },
  {
    name: 'doctor',
    summary: 'look at this machine and project: what is wrong, and what to type next',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    name: 'lab',
    usage: 'up | status | reset | break FAULT[:HOST] | down',
    summary: 'make a fleet on this machine to try upgrades on',
    load: async () => (await import('./lab.ts')).labCommand,
  },
]
