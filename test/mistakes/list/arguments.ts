import { mistakes } from '../mistake.ts'

export const wrongArguments = mistakes('wrong module argument', {
  'playbooks/backup.ts': [
    ["name: 'backup' }", "nam: 'backup' }"],
    ['database.fenced({ db: host.vars })', 'database.fenced({ db: host })'],
  ],
  'playbooks/rollback.ts': [
    ['file.setAside({ path: home })', 'file.setAside({ pth: home })'],
    ['dump: found.dump })', 'dump: found })'],
    ['apim.clearShare({ dir })', 'apim.clearShare({ dir: vars.shared_deployment })'],
    [
      'apim.stop({ server: apim.newServer(host, role, item) })',
      'apim.stop(apim.newServer(host, role, item))',
    ],
  ],
  'playbooks/verify.ts': [['names: apim.probeNames', "names: 'AM_API'"]],
  'src/apim/stage.ts': [['artifact: item })', 'artifact: item.name })']],
  'src/apim/landing.ts': [['carried({ home: laid.home })', 'carried({ home: laid })']],
  'src/apim/hops/3.0.0.ts': [['drop: identitySteps(hop.from),', '']],
})

export const secretsInStrings = mistakes('secret in a string', {
  'playbooks/backup.ts': [["name: 'backup' }", 'name: host.vars.password }']],
  'playbooks/rollback.ts': [
    ["name: 'before-rollback' }", 'name: `before-${host.vars.password}` }'],
    [
      'svn.empty({ repository })',
      'svn.empty({ repository: { ...repository, url: `svn://${repository.password}@svn` } })',
    ],
  ],
  'src/apim/upgrade.ts': [["name: 'svn',", 'name: repository.password,']],
  'src/apim/hops/common.ts': [['name: `before-${hop.to}`', 'name: `before-${host.vars.password}`']],
  'src/apim/hops/2.6.0.ts': [
    ["flags: ['-DmigrateAccessControl=true']", 'flags: [`-Dpassword=${site.vars.databases[0]?.password}`]'],
  ],
  'src/modules/svn/repository.ts': [
    [
      "${'upgrade-fleet: taken back'} --",
      "${'upgrade-fleet: taken back'} --password ${repository.password} --",
    ],
  ],
  'src/modules/database/mysql.ts': [['--user=${db.user} ', '--user=${db.user} --password=${db.password} ']],
  'inventory/hosts.example.yml': [
    ['password: { env: AM_DB_PASSWORD }', 'password: { environment: AM_DB_PASSWORD }'],
    ['password: { env: SVN_PASSWORD }', 'password: { file: svn-password }'],
  ],
})

export const illegalHops = mistakes('illegal version hop', {
  'playbooks/to-3.0.0.ts': [
    ["upgrade(site, '3.0.0', {", "upgrade(site, '3.1.0', {"],
    ["upgrade(site, '3.0.0', {", "upgrade(site, '1.8.0', {"],
    ['apim.route(vars.apim_version, to, wish)', 'apim.route(to, vars.apim_version, wish)'],
    ['apim.route(vars.apim_version, to, wish)', "apim.route(vars.apim_version, to, '1.9.1')"],
  ],
  'playbooks/rollback.ts': [[".startOrder(site, '3.0.0')", ".startOrder(site, '3.O.0')"]],
  'playbooks/verify.ts': [
    ['schemaIs({ version: at,', "schemaIs({ version: '3.1.0',"],
    ['apim.serving(site, at)', "apim.serving(site, '1.9.2')"],
  ],
  'src/apim/versions.ts': [["{ from: '2.6.0', to: '3.0.0' }", "{ from: '2.6.0', to: '3.1.0' }"]],
  'inventory/hosts.example.yml': [
    ['apim_version: "1.9.1"', 'apim_version: "1.7.0"'],
    ['apim_version: "1.9.1"', 'apim_version: "2.3.0"'],
  ],
})
