import { mistakes } from '../mistake.ts'

export const missingUndo = mistakes('missing undo', {
  'src/apim/control.ts': [
    [
      '  async undo(on, { server }, was) {\n    if (was !== null) await startAndWait(on, { ...server, ...asRan(was) })\n  },\n',
      '',
    ],
    [
      '    return { since }\n  },\n  async undo(on, { server }) {\n    await endServers(on, server.home)\n    await withoutPassword(on, server.home)\n  },\n',
      '    return { since }\n  },\n',
    ],
  ],
  'src/apim/trees.ts': [
    [
      '  async undo(on, { file }) {\n    await on.must(sh`rm -rf -- ${file} ${`${file}.sha256`} ${`${file}.d`}`)\n  },\n',
      '',
    ],
    [
      '    return { said: said.slice(-10) }\n  },\n  undo: restored,\n',
      '    return { said: said.slice(-10) }\n  },\n',
    ],
  ],
  'src/modules/database/script.ts': [['  undo: restored,\n', '']],
  'src/modules/files/absent.ts': [['  undo: (on, { path }, kept) => bringTreeBack(on, path, kept),\n', '']],
  'src/apim/manifest.ts': [
    [
      '  async undo(on, { backups }, { before }) {\n    if (before === null) await on.must(sh`rm -f -- ${current(backups)}`)\n    else await on.put({ text: before }, current(backups), { mode: 0o600, signal: on.signal })\n  },\n',
      '',
    ],
  ],
  'src/apim/hops/common.ts': [
    ['named(environment)}`, migration, { restoredBy: [dumps] })', 'named(environment)}`, migration)'],
  ],
  'src/apim/hops/2.0.0.ts': [['const rests = { restoredBy: [dumps] }', 'const rests = {}']],
  'src/apim/hops/2.6.0.ts': [["play('2.6.0: files', migration, rests)", "play('2.6.0: files', migration)"]],
})

export const latePoints = mistakes('restore point after what rests on it', {
  'playbooks/rollback.ts': [['paused, present, restore,', 'paused, restore, present,']],
  'playbooks/to-3.0.0.ts': [
    [
      '    ...[...first.before, manifests, ...wayBack.plays, migrate],\n    ...first.plays,\n',
      '    ...first.plays,\n    ...[...first.before, manifests, ...wayBack.plays, migrate],\n',
    ],
    ['[...step.before, ...step.plays]', '[...step.plays, ...step.before]'],
    [
      '...[...first.before, manifests, ...wayBack.plays, migrate]',
      '...[manifests, ...wayBack.plays, migrate]',
    ],
  ],
  'src/apim/walk.ts': [
    ['before: [...fences, dumps],', 'before: fences,'],
    [
      'before: [...fences, dumps],\n      checkpoint: dumps,\n      plays: [...plays, bundled,',
      'before: fences,\n      checkpoint: dumps,\n      plays: [...plays, dumps, bundled,',
    ],
  ],
  'src/apim/hops/2.0.0.ts': [
    ['play(title, migration, rests)', 'play(title, migration, { restoredBy: [scripts] })'],
  ],
  'src/apim/hops/2.6.0.ts': [
    ["play('2.6.0: files', migration, rests)", "play('2.6.0: files', migration, { restoredBy: [clients] })"],
  ],
  'src/apim/hops/3.0.0.ts': [
    [
      "play('3.0.0: scripts', migration, rests)",
      "play('3.0.0: scripts', migration, { restoredBy: [clients] })",
    ],
  ],
  'src/apim/hops/common.ts': [
    [
      'schema`, databases.filter(holdsApim), { restoredBy: [dumps] }',
      'schema`, databases.filter(holdsApim), { restoredBy: [counts] }',
    ],
  ],
})
