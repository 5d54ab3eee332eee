import type { Case } from './case.ts'
import { ini, list, yaml } from './handmade.ts'

/** Where we are other than Ansible on purpose: how, and why. */
export interface Difference extends Case {
  readonly we: 'refuse' | 'accept' | 'read it otherwise'
  readonly why: string
}

/** All deliberate differences. Each is held against Ansible too: one that is none any more fails. */
export const differences: readonly Difference[] = [
  {
    ...yaml('a host with a blank in its name', 'all: { hosts: { "a b": } }\n'),
    we: 'refuse',
    why: 'A name becomes an argument of ssh and a part of lines that people read; no machine has such a name.',
  },
  {
    ...yaml('a host with a dash before its name', 'all: { hosts: { -oProxyCommand=x: } }\n'),
    we: 'refuse',
    why: 'ssh would read it as an option.',
  },
  {
    ...yaml('a host with a newline in its name', 'all: { hosts: { "a\\nb": } }\n'),
    we: 'refuse',
    why: 'It forges lines of logs and of ssh_config.',
  },
  {
    ...yaml('a name of more than 255 characters', `all: { hosts: { ${'a'.repeat(300)}: } }\n`),
    we: 'refuse',
    why: 'It is noise: no name is as long.',
  },
  {
    ...yaml('names of JavaScript', 'all: { vars: { constructor: 1 }, hosts: { h: } }\n'),
    we: 'refuse',
    why: 'Such a key reaches into objects where somebody forgets to look; no inventory needs it.',
  },
  {
    ...list('a host list with a range', 'a[1:3],b', 'all', 'a*'),
    we: 'read it otherwise',
    why: 'Ansible makes a host "a[1:3]" of it; its advanced_host_list reads the range, which is what is meant.',
  },
  {
    ...yaml('a range of numbers that goes down', 'all: { hosts: { "a[3:1]": , b: } }\n'),
    we: 'refuse',
    why: 'Ansible takes it for no hosts at all without a word.',
  },
  {
    ...yaml('a port that is none', 'all: { hosts: { "a:99999": } }\n'),
    we: 'refuse',
    why: 'It can only fail later.',
  },
  {
    ...yaml(
      'a number that JavaScript cannot hold',
      'all: { vars: { x: 123456789012345678901 }, hosts: { h: } }\n',
    ),
    we: 'refuse',
    why: 'It would be rounded. In INI it stays text, as all that is no number there.',
  },
  {
    ...ini('a number of INI that JavaScript cannot hold', 'h x=123456789012345678901\n'),
    we: 'read it otherwise',
    why: 'It would be rounded: it is the text that stands there.',
  },
  {
    ...ini('a complex number and a set', 'h x=1j\n[all:vars]\ny={1,2}\n'),
    we: 'accept',
    why: 'Ansible cannot print its own value for them; they are the text that stands there.',
  },
  {
    ...yaml('a time', 'all: { vars: { x: 2001-12-14t21:59:43.10-05:00 }, hosts: { h: } }\n'),
    we: 'read it otherwise',
    why: 'It stays the text that stands there: no variable is a time, and a version must not become one.',
  },
  {
    ...yaml(
      'a host and a group of one name, with variables',
      'a: { hosts: { b: { x: 1 } } }\nb: { hosts: { c: } }\nd: { hosts: { b: { y: 2 } } }\n',
    ),
    we: 'read it otherwise',
    why: "Ansible gives the host's variables to the group. We warn, and what changes hosts refuses such an inventory.",
  },
  {
    ...yaml('many levels', `all: { vars: { x: ${'['.repeat(150)}${']'.repeat(150)} }, hosts: { h: } }\n`),
    we: 'refuse',
    why: 'At most 100, so that nothing that walks a value runs out of stack.',
  },
  {
    name: 'an INI file in a directory',
    files: { 'inv/a.ini': 'h\n', 'inv/b.yml': 'all: { hosts: { i: } }\n' },
    sources: ['inv'],
    we: 'read it otherwise',
    why: 'Up to 2.17 Ansible passes over *.ini in directories; later ones read it, and a host that is passed over is not upgraded.',
  },
  {
    name: 'what a project of ours keeps beside its inventory',
    files: {
      'inv/hosts.yml': 'all: { hosts: { h: } }\n',
      'inv/fleet.ts': 'export const fleet = 1\n',
      'inv/hosts.example.yml': 'all: { hosts: { example: } }\n',
      'inv/lab/hosts.yml': 'all: { hosts: { lab: } }\n',
      'inv/artifacts.yml': '[]\n',
    },
    sources: ['inv'],
    we: 'accept',
    why: 'These are no inventories, but for artifacts.yml, which becomes the variable `artifacts` of all.',
  },
  {
    name: 'a program that may not be executed',
    files: { 'inv/hosts': '#!/bin/sh\n' },
    sources: ['inv/hosts'],
    we: 'refuse',
    why: 'Ansible reads its text as an inventory that is all comments, and so has no hosts.',
  },
  {
    name: 'text that is no UTF-8 in a comment',
    files: { 'inv/hosts': { text: Buffer.from('# caf\xe9\nh\n', 'latin1'), mode: 0o644 } },
    sources: ['inv/hosts'],
    we: 'refuse',
    why: 'Ansible forgives it in comments of INI alone; whoever sees it has another file than the one meant.',
  },
  {
    name: 'a file of limits that is empty',
    files: { 'inv/hosts': 'a\nb\n', empty: '\n' },
    sources: ['inv/hosts'],
    patterns: [{ pattern: 'all', limit: '@empty' }],
    we: 'read it otherwise',
    why: 'Ansible works on all hosts then, the opposite of what a list of none says.',
  },
  {
    name: 'regular expressions of Python alone',
    files: { 'inv/hosts': 'a\nb\n' },
    sources: ['inv/hosts'],
    patterns: ['~(?P<x>a)', '~a\\Z', '~(?i)A'],
    we: 'read it otherwise',
    why: "They are JavaScript's here: these three are errors or match nothing, which is an error too.",
  },
]
