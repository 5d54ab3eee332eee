import semver from 'semver'
import type { Role } from './roles.ts'

/** Ports of the packs' own configuration, before the offset of a server is added to each (the packs' `carbon.xml`, `catalina-server.xml`, `axis2.xml`). */
export const usualPorts = {
  https: 9443,
  http: 9763,
  gatewayHttps: 8243,
  gatewayHttp: 8280,
  wss: 8099,
  ws: 9099,
  broker: 5672,
  receiver: 9611,
  receiverSsl: 9711,
  thriftKeys: 10397,
  rmiRegistry: 9999,
  rmiServer: 11111,
} as const

/** A server as others reach it: its address, and what is added to each of its ports (nothing, where it is not said). */
export type Place = { readonly address: string; readonly offset?: number | undefined }

/** The port at which a server listens for what the packs have at another. */
export const portAt = ({ offset = 0 }: Pick<Place, 'offset'>, which: keyof typeof usualPorts): number =>
  usualPorts[which] + offset

/**
 * Ports that a server of a role opens. The offset is added to each of them; only Hazelcast's (4000) is used as it is written,
 * and no new home is clustered (the kernel's sources).
 */
export function portsOf(role: Role, version: string, offset = 0): readonly number[] {
  const all = role === 'all-in-one'
  const gateway = all || role === 'gateway-manager' || role === 'gateway-worker'
  const names: readonly (keyof typeof usualPorts)[] = [
    ...(['https', 'http'] as const),
    ...(gateway ? (['gatewayHttps', 'gatewayHttp'] as const) : []),
    ...(gateway && semver.gte(version, '2.6.0') ? (['wss', 'ws'] as const) : []),
    ...(all || role === 'traffic-manager' ? (['broker', 'receiver', 'receiverSsl'] as const) : []),
    ...(all || role === 'key-manager' ? (['thriftKeys'] as const) : []),
    ...(['rmiRegistry', 'rmiServer'] as const),
  ]
  return names.map((which) => portAt({ offset }, which))
}
