import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { secret } from '../../src/model/secret.ts'
import * as file from '../../src/modules/file.ts'
import { place } from '../../src/modules/tree.ts'
import { secretValue } from '../support/places.ts'
import type { ChangeCase } from './contract.ts'
import { given, oddNames } from './rewrite-cases.ts'

const empty = () => {}
const odd = oddNames.join(' ')

/** A tree with all that a name and a mode can be. */
const tree = (dir: string) => {
  mkdirSync(join(dir, 'tree/deep/er'), { recursive: true, mode: 0o750 })
  writeFileSync(join(dir, 'tree', odd), 'odd')
  writeFileSync(Buffer.from(`${dir}/tree/caf\xe9`, 'latin1'), 'bytes')
  writeFileSync(join(dir, 'tree/deep/er/tool'), '#!/bin/sh\n')
  chmodSync(join(dir, 'tree/deep/er/tool'), 0o4755)
  symlinkSync('../nowhere', join(dir, 'tree/deep/link'))
}

/** A tree that may travel. */
const plain = (dir: string) => {
  mkdirSync(join(dir, 'src/deep/er'), { recursive: true, mode: 0o750 })
  mkdirSync(join(dir, 'src/empty'))
  writeFileSync(join(dir, 'src/file'), 'x'.repeat(100_000), { mode: 0o640 })
  writeFileSync(join(dir, 'src/deep/er/tool'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(dir, `src/deep/ü "it's" $(x)`), '')
  writeFileSync(Buffer.from(`${dir}/src/caf\xe9`, 'latin1'), 'bytes')
  symlinkSync('er/tool', join(dir, 'src/deep/link'))
}

/** The cases of the contract for the modules of files. */
export const fileCases: readonly ChangeCase[] = [
  {
    name: 'directory, with its parents',
    prepare: empty,
    action: (dir) => file.directory({ path: join(dir, `a/${odd}/c`) }),
  },
  {
    name: 'directory that is there, of another owner and mode',
    prepare: (dir) => mkdirSync(join(dir, 'd'), 0o755),
    action: (dir) => file.directory({ path: join(dir, 'd'), mode: '02770', owner: 'nobody' }),
  },
  {
    name: 'rights',
    prepare: given(odd, 'x', 0o644),
    action: (dir) => file.rights({ path: join(dir, odd), mode: '0400', owner: '65534', group: '65534' }),
  },
  {
    name: 'link where nothing is',
    prepare: empty,
    action: (dir) => file.link({ path: join(dir, odd), src: `-n ${odd}` }),
  },
  {
    name: 'link in place of another',
    prepare: (dir) => symlinkSync('old', join(dir, 'l')),
    action: (dir) => file.link({ path: join(dir, 'l'), src: '/new' }),
  },
  {
    name: 'link in place of a file',
    prepare: given('l', 'x', 0o640, 65534),
    action: (dir) => file.link({ path: join(dir, 'l'), src: 'x', force: true }),
  },
  { name: 'absent tree', prepare: tree, action: (dir) => file.absent({ path: join(dir, 'tree') }) },
  {
    name: 'absent link',
    prepare: (dir) => symlinkSync('nowhere', join(dir, odd)),
    action: (dir) => file.absent({ path: join(dir, odd) }),
  },
  {
    name: 'tree set aside',
    prepare: tree,
    action: (dir) => file.setAside({ path: join(dir, 'tree') }),
    already: { aside: null },
  },
  {
    name: 'render, where nothing is',
    prepare: empty,
    action: (dir) => file.render({ path: join(dir, odd), text: ['x=', secret('env:P'), '\n'] }),
    hidden: [secretValue],
  },
  {
    name: 'render, whose file keeps its mode',
    prepare: given('f', 'a\n', 0o751, 65534),
    action: (dir) => file.render({ path: join(dir, 'f'), text: 'b\n' }),
  },
  {
    name: 'copy of a text in place of a link',
    prepare: (dir) => {
      given('real', 'x', 0o600)(dir)
      symlinkSync('real', join(dir, 'l'))
    },
    action: (dir) => file.copy({ dest: join(dir, 'l'), content: 'y', mode: '0640' }),
  },
  {
    name: 'copy of a text to where a link leads',
    prepare: (dir) => {
      given('real', 'x', 0o600)(dir)
      symlinkSync('real', join(dir, 'l'))
    },
    action: (dir) =>
      file.copy({ dest: join(dir, 'l'), content: 'y', follow: true, validate: 'grep -q y %s' }),
  },
  {
    name: 'copy of a file of the controller',
    prepare: given(odd, Buffer.alloc(100_000, '\0\xff\n', 'latin1'), 0o600),
    action: (dir) => file.copy({ dest: join(dir, 'f'), src: join(dir, odd), mode: '0755' }),
  },
  {
    name: 'copy of a file of the machine',
    prepare: (dir) => {
      given(odd, Buffer.alloc(100_000, '\0\xff\n', 'latin1'), 0o600)(dir)
      given('f', 'old', 0o444, 65534)(dir)
    },
    action: (dir) => file.copy({ dest: join(dir, 'f'), src: join(dir, odd), remoteSrc: true }),
  },
  {
    name: 'template',
    prepare: given('t.tmpl', 'port={{ port }}\nword={{word}}\n', 0o600),
    action: (dir) =>
      file.template({
        src: join(dir, 't.tmpl'),
        dest: join(dir, 'f'),
        vars: { port: 80, word: secret('env:P') },
      }),
    hidden: [secretValue],
  },
  {
    name: 'line in a file',
    prepare: given('f', 'a=1\r\nb=2\r\nc=3', 0o644, 65534),
    action: (dir) => file.lineInFile({ path: join(dir, 'f'), regexp: '^b=', line: 'b=é' }),
  },
  {
    name: 'line in a file that is made',
    prepare: empty,
    action: (dir) => file.lineInFile({ path: join(dir, 'f'), line: 'x', create: true }),
  },
  {
    name: 'block in a file',
    prepare: given('f', 'a\nb\n', 0o644),
    action: (dir) =>
      file.blockInFile({ path: join(dir, 'f'), block: ['x=', secret('env:P')], insertAfter: '^a' }),
    hidden: [secretValue],
    trips: 2,
  },
  {
    name: 'replace',
    prepare: given('f', 'port 80;\nport 81;\n', 0o644),
    action: (dir) =>
      file.replace({ path: join(dir, 'f'), regexp: '^port (\\d+);$', replace: 'listen $1;', count: 2 }),
  },
  {
    name: 'synchronize, where nothing is',
    prepare: plain,
    action: (dir) => file.synchronize({ src: join(dir, 'src'), dest: join(dir, odd) }),
  },
  {
    name: 'synchronize, which deletes but what is excluded',
    prepare: (dir) => {
      plain(dir)
      mkdirSync(join(dir, 'dest/logs'), { recursive: true, mode: 0o751 })
      for (const name of ['old', 'logs/x.log', '.svn', 'file'])
        writeFileSync(join(dir, 'dest', name), 'there')
    },
    action: (dir) =>
      file.synchronize({
        src: join(dir, 'src'),
        dest: join(dir, 'dest'),
        delete: true,
        exclude: ['.svn', '/logs'],
      }),
  },
  {
    name: 'synchronize, which leaves what is there besides',
    prepare: (dir) => {
      plain(dir)
      mkdirSync(join(dir, 'dest'))
      writeFileSync(join(dir, 'dest/own'), 'there')
    },
    action: (dir) => file.synchronize({ src: join(dir, 'src'), dest: join(dir, 'dest') }),
  },
  {
    name: 'tree placed',
    prepare: plain,
    action: (dir) => place({ from: join(dir, 'src'), to: join(dir, odd) }),
  },
  {
    name: 'fetch',
    prepare: given('f', 'x', 0o600),
    action: (dir) => file.fetch({ src: join(dir, 'f'), dest: join(dir, 'here') }),
  },
  {
    name: 'fetch over another file',
    prepare: (dir) => {
      given('f', 'x', 0o600)(dir)
      given(odd, 'old', 0o644)(dir)
    },
    action: (dir) => file.fetch({ src: join(dir, 'f'), dest: join(dir, odd), flat: true }),
  },
]
