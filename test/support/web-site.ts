import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { FleetLab } from './fleet.ts'
import { until } from './until.ts'

/** What `nginx -t` and `nginx -s reload` do, as far as the example asks for them. */
const nginx = `#!/bin/sh
cd /opt/web
case "$*" in
  -t) grep -q 'location / ' site.conf ;;
  '-s reload') cp site.conf limits.conf running/ && echo reloaded >> log ;;
  *) exit 2 ;;
esac
`

/** Serves what it read at its last reload; a sick server fails with the release that it is sick of. */
const server = (address: string, port: number) => `
const { createServer } = require('node:http')
const { existsSync, readFileSync } = require('node:fs')
const read = (name) => (existsSync('/opt/web/' + name) ? readFileSync('/opt/web/' + name, 'utf8') : '')
createServer((asked, answer) => {
  const said = /location \\/ .*return 200 "(.*?)"/.exec(read('running/site.conf'))?.[1] ?? ''
  const sick = read('running/sick').trim()
  const down = asked.url === '/up' ? existsSync('/opt/web/maintenance') : sick !== '' && said.includes(sick)
  answer.writeHead(down ? 503 : 200).end(down ? 'down' : said)
}).listen(${port}, '${address}')
`

const port = 8088

/** A web tier on the lab's hosts: a stand-in for nginx on each, the inventory of the example, and how to ask it. */
export interface WebSite {
  readonly hosts: readonly string[]
  readonly inventory: readonly string[]
  /** What each host answers on `/`, in their order. */
  answers(): Promise<readonly string[]>
  /** Of each host: what files there are, and its configuration. */
  files(): Promise<readonly string[]>
  /** The hosts to which a balancer sends nobody. */
  drained(): Promise<readonly string[]>
  /** The release that a host cannot serve; the empty text for none. */
  sick(host: string, release: string): Promise<void>
}

/** Puts `release 1` on all hosts of a lab. */
export async function webSite(lab: FleetLab): Promise<WebSite> {
  const hosts = Object.keys(lab.info.hosts)
  const onAll = (line: string) => Promise.all(hosts.map((host) => lab.info.run(host, line)))
  const text = (name: string, content: string) =>
    `printf %s '${Buffer.from(content).toString('base64')}' | base64 -d > /opt/web/${name}`
  for (const host of hosts) {
    await lab.info.run(host, 'mkdir /opt/web && chown wso2carbon /opt/web', 'root')
    const { address } = lab.info.hosts[host] ?? { address: '' }
    await lab.info.run(
      host,
      [
        'mkdir /opt/web/running',
        text('nginx', nginx),
        'chmod 755 /opt/web/nginx',
        text('server.cjs', server(address, port)),
        text('site.conf', 'server { location / { return 200 "release 1"; } }\n'),
        text('limits.conf', '# none\n'),
        '/opt/web/nginx -s reload',
        `setsid '${process.execPath}' /opt/web/server.cjs < /dev/null > /opt/web/server.log 2>&1 &`,
      ].join('\n'),
    )
  }
  const vars = {
    web_port: port,
    nginx: '/opt/web/nginx',
    site_conf: '/opt/web/site.conf',
    limits_conf: '/opt/web/limits.conf',
    maintenance: '/opt/web/maintenance',
  }
  const members = hosts.map((host) => [host, { web_address: lab.info.hosts[host]?.address }])
  const inventory = join(lab.cwd, 'web.yml')
  await writeFile(
    inventory,
    stringify({ all: { children: { web: { hosts: Object.fromEntries(members), vars } } } }),
  )
  const asked = (path: string) => Promise.all(hosts.map((host) => lab.get(host, port, path)))
  await until(async () => (await asked('/')).every(({ status }) => status === 200), 'the web servers')
  return {
    hosts,
    inventory: ['-i', lab.info.inventory, '-i', inventory],
    answers: async () => (await asked('/')).map((answer) => answer.text),
    files: () => onAll('cd /opt/web && ls && cat site.conf limits.conf'),
    drained: async () => {
      const answers = await asked('/up')
      return hosts.filter((_, at) => answers[at]?.status !== 200)
    },
    sick: async (host, release) => void (await lab.info.run(host, text('running/sick', release))),
  }
}
