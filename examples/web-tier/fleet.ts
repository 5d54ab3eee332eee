import { defineFleet, some, z } from 'upgrade-fleet'

const path = z.string().startsWith('/')

/** A web server, and where what belongs to it lies. */
const webServer = z.object({
  /** The address and port at which its site is asked for. */
  web_address: z.string(),
  web_port: z.coerce.number().int().default(80),
  /** The program that checks and reloads: nginx, or what takes the same arguments. */
  nginx: path.default('/usr/sbin/nginx'),
  /** The files of its configuration that this playbook writes. */
  site_conf: path,
  limits_conf: path,
  /** As long as this file is there, the balancer sends nobody. */
  maintenance: path,
})

export type WebServer = z.output<typeof webServer>

export const fleet = defineFleet({
  groups: { web: some(webServer) },
  vars: z.object({
    /** How many requests a second one client may make. */
    rate_limit: z.number().int().positive().default(10),
  }),
})
