import type { ProjectFacts } from '../../apim/import/facts.ts'
import { version } from '../version.ts'

/** `package.json` of a new project. */
export const packageText = (name: string): string =>
  `${JSON.stringify(
    {
      name:
        name
          .toLowerCase()
          .replace(/[^a-z0-9._-]+/g, '-')
          .replace(/^[._-]+/, '') || 'fleet',
      private: true,
      type: 'module',
      scripts: {
        check: 'upgrade-fleet check playbooks/to-3.0.0.ts',
        types: 'tsc -p tsconfig.json',
        doctor: 'upgrade-fleet doctor',
        schemas:
          'mkdir -p schemas && upgrade-fleet inventory schema hosts --out schemas/hosts.json && upgrade-fleet inventory schema vars --out schemas/vars.json',
      },
      dependencies: { 'upgrade-fleet': `^${version}` },
    },
    null,
    2,
  )}\n`

/** `tsconfig.json` of a new project: the flags that `check` has. */
export const tsconfigText = `{
  "compilerOptions": {
    "target": "es2023",
    "lib": ["es2023"],
    "module": "nodenext",
    "moduleResolution": "nodenext",
    "types": ["node"],
    "strict": true,
    "noUncheckedIndexedAccess": true,
    "exactOptionalPropertyTypes": true,
    "noImplicitReturns": true,
    "noFallthroughCasesInSwitch": true,
    "isolatedModules": true,
    "allowImportingTsExtensions": true,
    "skipLibCheck": true,
    "noEmit": true
  },
  "include": ["inventory", "playbooks"]
}
`

/** `.gitignore` of a new project: what is kept of runs, and what must not be published. */
export const gitignoreText = `node_modules/
.upgrade-fleet/
schemas/
# Packs, clients and drivers are licensed downloads.
inventory/packs/
inventory/lab/
# Secrets.
.env
*.key
*.pem
*.jks
secrets/
vault-password*
`

/** `inventory/artifacts.yml` of a new project. */
export const artifactsText = `# What you have downloaded, as in artifacts.example.yml: name, file (relative to this file) and sha256 (sha256sum FILE prints it).
# upgrade-fleet check playbooks/to-3.0.0.ts names what the way to 3.0.0 needs.
artifacts: []
`

/** The README of a new project. */
export const readmeText = (imported: boolean): string => `# Fleet

${imported ? 'Made by `upgrade-fleet init --from-ansible`. **Read RISKS.md first.**\n\n' : ''}\`\`\`
npm install
npx upgrade-fleet doctor                             what is missing on this machine and in this project
npx upgrade-fleet check playbooks/verify.ts          is the inventory sound? connects to nothing
npx upgrade-fleet plan playbooks/to-3.0.0.ts         what an upgrade would do; reads only
npx upgrade-fleet playbooks/to-3.0.0.ts --check      the same walk over a read-only connection
npx upgrade-fleet playbooks/to-3.0.0.ts
\`\`\`

- \`inventory/hosts.yml\` says which hosts there are and what for, \`inventory/group_vars/all.yml\` what all of them share.
- \`inventory/fleet.ts\` says what may stand there; \`npm run schemas\` makes JSON Schemas of it for your editor.
- \`inventory/artifacts.yml\` lists the packs, clients and drivers that you have downloaded.
- Secrets are named, not written: \`{ env: NAME }\`, \`{ file: /path }\`, \`{ prompt: TEXT }\`, or encrypted by \`upgrade-fleet secret encrypt\`.
`

const home = (number: number) => [
  { name: 'apim_address', value: `10.0.0.${number}`, why: 'by which the other servers know it' },
  {
    name: 'apim_home',
    value: '/opt/wso2/wso2am-1.9.1',
    why: 'the home that serves now: read and archived, never written to',
  },
]

/** What the inventory of a new project says, to be replaced by what is so. */
export const sampleFacts: ProjectFacts = {
  shared: [
    {
      name: 'ansible_user',
      value: 'wso2carbon',
      why: 'who logs in; keys, ports and bastions are said as in Ansible',
    },
    { name: 'apim_base', value: '/opt/wso2', why: 'new homes are made here, as wso2am-VERSION' },
    { name: 'java_home', value: '/opt/jdk1.8.0_292', why: 'a JDK 8 serves all releases up to 3.0.0' },
  ],
  hosts: [
    { name: 'km-1.example.com', why: 'key manager', vars: home(11) },
    { name: 'pub-1.example.com', why: 'publisher, and where the hops run', vars: home(12) },
    { name: 'store-1.example.com', why: 'store', vars: home(13) },
    { name: 'gw-1.example.com', why: 'the gateway that publishes', vars: home(14) },
    { name: 'gw-2.example.com', why: 'a worker', vars: home(15) },
  ],
  groups: [
    {
      name: 'migration',
      hosts: ['pub-1.example.com'],
      why: 'exactly one; it needs room for a pack of every hop',
    },
    { name: 'key_managers', hosts: ['km-1.example.com'], why: 'at least one' },
    {
      name: 'traffic_managers',
      hosts: [],
      why: 'any number; one that joins says since: "2.0.0", and has no apim_home',
    },
    { name: 'publishers', hosts: ['pub-1.example.com'], why: 'at least one' },
    {
      name: 'stores',
      hosts: ['store-1.example.com'],
      why: 'at least one; the developer portal from 3.0.0 on',
    },
    { name: 'gateway_managers', hosts: ['gw-1.example.com'], why: 'at least one' },
    { name: 'gateway_workers', hosts: ['gw-2.example.com'], why: 'any number' },
  ],
  site: [
    {
      name: 'apim_version',
      value: '1.9.1',
      why: 'the version that serves now; quoted, or YAML takes 2.0 for a number',
    },
    {
      name: 'databases',
      value: [
        {
          name: 'am_db',
          holds: ['apim', 'identity'],
          engine: 'mysql',
          host: 'db.example.com',
          port: 3306,
          schema: 'apimgtdb',
          user: 'wso2am',
          password: { env: 'AM_DB_PASSWORD' },
        },
        {
          name: 'shared_db',
          holds: ['users', 'registry', 'config'],
          engine: 'mysql',
          host: 'db.example.com',
          port: 3306,
          schema: 'shareddb',
          user: 'wso2am',
          password: { env: 'SHARED_DB_PASSWORD' },
        },
      ],
      why: 'every schema that the servers use; exactly one holds apim',
    },
    {
      name: 'backups',
      value: '/opt/wso2/backups',
      why: 'a directory on each host, with room for its home; on the migration host for all dumps',
    },
    {
      name: 'svn',
      why: '(if in use) { url, old_url, user, password } of the deployment synchronizer: a clean, empty repository and the one in use',
    },
    {
      name: 'shared_deployment',
      why: '(if several gateways) a directory of a file system that all hosts mount, for 3.0.0',
    },
  ],
}
