/** A machine of a shape: `number` is the last part of its address, `profile` what its old server is started as; without one it has no home yet. */
export interface Machine {
  readonly name: string
  readonly number: number
  readonly groups: readonly string[]
  readonly profile: string | undefined
  /** The machine that it is another name of: both have that one's number. */
  readonly on?: string
  /** What is added to its ports, and where its old server has that from: `carbon.xml`, or a flag of its start. */
  readonly offset?: number
  readonly offsetBy?: 'file' | 'flag'
  /** The gateway environment that its gateway is of, in a shape that has several. */
  readonly environment?: string
}

/** What a fleet of the lab is like: its machines, where what is kept lies, and how artefacts get from the gateway that writes to the others. */
export interface Shape {
  /** In one line, for whoever chooses. */
  readonly says: string
  readonly machines: readonly Machine[]
  /** The machine on which the hops run their clients. */
  readonly migration: string
  /** The schema of each kind of tables; the same name for all is one schema for everything. */
  readonly schemas: Readonly<Record<'am' | 'um' | 'reg', string>>
  /** `svn`: the old fleet's synchronizer, a shared directory at 3.0.0. `export`: gateways of the old fleet share one too. `none`: one server has all that are served. */
  readonly artefacts: 'svn' | 'export' | 'none'
  /** Tokens and keys are encrypted, one of the three tenants is not active, and passwords are in the secure vault. */
  readonly guarded?: true
  /** The gateway environments, where there are several: what publishers call them, and whether the gateways of one share their artefacts. */
  readonly environments?: readonly {
    readonly name: string
    readonly type: 'production' | 'sandbox'
    readonly shares: boolean
  }[]
}

const machine = (
  name: string,
  number: number,
  groups: readonly string[],
  profile?: string,
  more: Pick<Machine, 'on' | 'offset' | 'offsetBy' | 'environment'> = {},
): Machine => ({ name, number, groups, profile, ...more })

/** The groups of a server that is everything, and shares with no other. */
const everything = ['key_managers', 'traffic_managers', 'publishers', 'stores', 'gateway_managers'] as const

const everythingButWriting = [
  ...['key_managers', 'traffic_managers', 'publishers', 'stores', 'gateway_workers'],
] as const

/** The shapes that a lab can have, the usual one first. */
export const shapes = {
  distributed: {
    says: 'a server of each role, three gateway workers, SVN, three schemas',
    machines: [
      machine('km-1', 11, ['key_managers'], 'api-key-manager'),
      machine('pub-1', 12, ['publishers'], 'api-publisher'),
      machine('store-1', 13, ['stores'], 'api-store'),
      machine('gw-mgr-1', 14, ['gateway_managers'], 'gateway-manager'),
      machine('gw-worker-1', 15, ['gateway_workers'], 'gateway-worker'),
      machine('gw-worker-2', 16, ['gateway_workers'], 'gateway-worker'),
      machine('gw-worker-3', 17, ['gateway_workers'], 'gateway-worker'),
      machine('tm-1', 18, ['traffic_managers']),
    ],
    migration: 'pub-1',
    schemas: { am: 'apimgtdb', um: 'userdb', reg: 'regdb' },
    artefacts: 'svn',
  },
  'all-in-one': {
    says: 'one server with all roles, one schema for everything, no SVN',
    machines: [machine('apim-1', 11, everything, 'default')],
    migration: 'apim-1',
    schemas: { am: 'wso2db', um: 'wso2db', reg: 'wso2db' },
    artefacts: 'none',
  },
  'two-active': {
    says: 'two servers with all roles each, which share their artefacts on one file system',
    machines: [
      machine('apim-1', 11, everything, 'default'),
      machine('apim-2', 12, everythingButWriting, 'default'),
    ],
    migration: 'apim-1',
    schemas: { am: 'apimgtdb', um: 'userdb', reg: 'regdb' },
    artefacts: 'export',
  },
  shared: {
    says: 'five servers, whose two gateways share their artefacts on one file system',
    machines: [
      machine('km-1', 11, ['key_managers'], 'api-key-manager'),
      machine('pub-1', 12, ['publishers'], 'api-publisher'),
      machine('store-1', 13, ['stores'], 'api-store'),
      machine('gw-1', 14, ['gateway_managers'], 'gateway-manager'),
      machine('gw-2', 15, ['gateway_workers'], 'gateway-worker'),
      machine('tm-1', 18, ['traffic_managers']),
    ],
    migration: 'pub-1',
    schemas: { am: 'apimgtdb', um: 'userdb', reg: 'regdb' },
    artefacts: 'export',
  },
  guarded: {
    says: 'four servers: encrypted tokens and keys, secure vault, an inactive tenant, two secondary user stores',
    machines: [
      machine('km-1', 11, ['key_managers'], 'api-key-manager'),
      machine('portal-1', 12, ['publishers'], 'api-publisher'),
      machine('store-1', 13, ['stores'], 'api-store'),
      machine('gw-1', 14, ['gateway_managers'], 'gateway-manager'),
    ],
    migration: 'portal-1',
    schemas: { am: 'apimgtdb', um: 'userdb', reg: 'regdb' },
    artefacts: 'none',
    guarded: true,
  },
  environments: {
    says: 'production gateways that share their artefacts, and a sandbox gateway with other APIs',
    machines: [
      machine('km-1', 11, ['key_managers'], 'api-key-manager'),
      machine('pub-1', 12, ['publishers'], 'api-publisher'),
      machine('store-1', 13, ['stores'], 'api-store'),
      machine('gw-1', 14, ['gateway_managers'], 'gateway-manager', { environment: 'Production' }),
      machine('gw-2', 15, ['gateway_workers'], 'gateway-worker', { environment: 'Production' }),
      machine('sandbox-1', 16, ['gateway_managers'], 'gateway-manager', { environment: 'Sandbox' }),
      machine('tm-1', 18, ['traffic_managers']),
    ],
    migration: 'pub-1',
    schemas: { am: 'apimgtdb', um: 'userdb', reg: 'regdb' },
    artefacts: 'export',
    environments: [
      { name: 'Production', type: 'production', shares: true },
      { name: 'Sandbox', type: 'sandbox', shares: false },
    ],
  },
  'two-homes': {
    says: 'machines with two homes each, one of a pair behind a port offset, and a gateway behind another',
    machines: [
      machine('km-1', 11, ['key_managers'], 'api-key-manager'),
      machine('pub-1', 12, ['publishers'], 'api-publisher'),
      machine('store-1', 12, ['stores'], 'api-store', { on: 'pub-1', offset: 1, offsetBy: 'flag' }),
      machine('gw-1', 14, ['gateway_managers'], 'gateway-manager', { offset: 3 }),
      machine('tm-1', 11, ['traffic_managers'], undefined, { on: 'km-1', offset: 2 }),
    ],
    migration: 'pub-1',
    schemas: { am: 'apimgtdb', um: 'userdb', reg: 'regdb' },
    artefacts: 'none',
  },
} as const satisfies Readonly<Record<string, Shape>>

/** The name of a shape of the lab. */
export type ShapeName = keyof typeof shapes

/** All of them, the usual one first. */
export const shapeNames = Object.keys(shapes) as readonly ShapeName[]

/** Whether there is such a shape. */
export const isShape = (text: string): text is ShapeName => Object.hasOwn(shapes, text)

/** Whether a shape is one of secrets that are kept. */
export const isGuarded = (name: ShapeName): boolean =>
  (shapes[name] satisfies Shape as Shape).guarded === true

/** The gateway environments of a shape: none where there is one alone. */
export const environmentsOf = (name: ShapeName): NonNullable<Shape['environments']> =>
  (shapes[name] satisfies Shape as Shape).environments ?? []

/** Where the gateways of an environment share their artefacts, below what all see; all of them at its top where there is one alone. */
export const sharedDirectory = (environment: string | undefined): string =>
  environment === undefined ? '' : `/${environment.toLowerCase()}`

/** Where a lab keeps its tables. With `h2` each node has them in files of its own, and the server that the inventory names is not the one they use. */
export const databaseNames = ['mariadb', 'postgresql', 'h2'] as const

/** The name of a kind of database of the lab. */
export type DatabaseName = (typeof databaseNames)[number]

/** The server behind a kind, by the vendor's name and on its usual port. */
export const engineOf = (kind: DatabaseName) =>
  kind === 'postgresql'
    ? ({ engine: 'postgresql', port: 5432 } as const)
    : ({ engine: 'mysql', port: 3306 } as const)

/** Whether there is such a kind. */
export const isDatabase = (text: string): text is DatabaseName =>
  databaseNames.some((known) => known === text)
