import { mistakes } from '../mistake.ts'

export const misspeltVars = mistakes('misspelt var', {
  'playbooks/to-3.0.0.ts': [
    ['apim.route(vars.apim_version,', 'apim.route(vars.apim_verison,'],
    ['via(migration, vars.databases)', 'via(migration, vars.database)'],
  ],
  'playbooks/backup.ts': [['db: host.vars, to: apim', 'db: host.var, to: apim']],
  'playbooks/rollback.ts': [
    ['home: host.vars.apim_home,\n', 'home: host.vars.apim_hone,\n'],
    ['const repository = vars.svn', 'const repository = vars.svm'],
  ],
  'playbooks/verify.ts': [["db.holds.includes('apim')", "db.hold.includes('apim')"]],
  'src/apim/preflight/plays.ts': [['base: host.vars.apim_base', 'base: host.vars.apim_bas']],
  'src/apim/landing.ts': [['host.vars.apim_health.answer', 'host.vars.apim_helth.answer']],
  'src/apim/hops/common.ts': [['keystores: site.vars.keystores', 'keystores: site.vars.keystore']],
  'inventory/hosts.example.yml': [['java_home: /opt/jdk', 'java_hoem: /opt/jdk']],
})

export const misspeltGroups = mistakes('misspelt group', {
  'playbooks/rollback.ts': [
    ["play('fence', site.all)", "play('fence', site.everyone)"],
    ["play('set new homes aside', site.all)", "play('set new homes aside', site.al)"],
    ['const { migration, vars } = site', 'const { migraton, vars } = site'],
  ],
  'playbooks/verify.ts': [['const { migration, vars } = site', 'const { migrations, vars } = site']],
  'src/apim/environments.ts': [['site.gateway_managers.filter(', 'site.gateway_manager.filter(']],
  'src/apim/upgrade.ts': [["play('back up SVN', site.migration)", "play('back up SVN', site.migrate)"]],
  'src/apim/landing.ts': [['const { migration, vars } = site', 'const { migrate, vars } = site']],
  'src/apim/roles.ts': [['site.traffic_managers,', 'site.trafic_managers,']],
  'inventory/hosts.example.yml': [
    ['key_managers: { hosts:', 'key_manager: { hosts:'],
    ['gateway_workers: { hosts:', 'gateway_wokers: { hosts:'],
  ],
})

export const misspeltOutputs = mistakes('misspelt task output', {
  'playbooks/rollback.ts': [
    ['from(stop, host).new', 'from(stop, host).neww'],
    [
      'new Set(old.map((host) => from(manifests, host).manifest.run))',
      'new Set(old.map((host) => from(manifests, host).manifst.run))',
    ],
    ['results.manifest.run', 'results.manifests.run'],
    ['from(stop, host).old]', 'from(stop, host).older]'],
  ],
  'playbooks/verify.ts': [["'is whole', ({ probe })", "'is whole', ({ prob: probe })"]],
  'src/apim/upgrade.ts': [
    ['found.atTarget', 'found.atTraget'],
    ['from(play, item.host).bundle', 'from(play, item.host).bundel'],
  ],
  'src/apim/landing.ts': [["'trees brought': brought", "'tree brought': brought"]],
  'src/apim/hops/2.0.0.ts': [['proved(seen.registry)', 'proved(seen.registri)']],
  'src/apim/hops/2.6.0.ts': [
    [
      "after(seen['access control proved'], aloneWith(at))",
      "after(seen['acces control proved'], aloneWith(at))",
    ],
  ],
})
