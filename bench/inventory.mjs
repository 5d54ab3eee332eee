// What a large inventory costs: node bench/inventory.mjs [hosts]. In a process of its own that reads files, checks every host
// against a fleet's schemas and its connection variables, and answers a pattern: under 2 s and 300 MB for 10,000 hosts. What is
// judged is the CPU time of the main thread, start of Node included: on a machine that does nothing else it is the time that passes.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

const count = Number(process.argv[2] ?? 10_000)
const most = { seconds: 2, megabytes: 300 }
const root = new URL('..', import.meta.url).pathname
const out = mkdtempSync(join(root, 'node_modules/.bench-'))
const dir = mkdtempSync(join(tmpdir(), 'bench-inventory-'))

const zones = ['a', 'b', 'c']
const lines = ['all:', '  vars:', '    apim_version: "1.9.1"', '    ansible_user: wso2carbon', '  children:']
for (const [zone, name] of zones.entries()) {
  lines.push(`    zone_${name}:`, '      vars:', `        zone: ${name}`, '      hosts:')
  for (let n = zone; n < count; n += zones.length)
    lines.push(
      `        gw${n}.dc1.example.com:`,
      `          ansible_host: 10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`,
      `          weight: ${n % 7}`,
      '          apim_home: "/opt/{{ inventory_hostname_short }}/wso2am-{{ apim_version }}"',
    )
}
const ini = ['[gateways]', `gw[0:${count - 1}].dc1.example.com`, '[gateways:vars]', 'role=gateway']
mkdirSync(join(dir, 'group_vars'))
writeFileSync(join(dir, 'hosts.yml'), `${lines.join('\n')}\n`)
writeFileSync(join(dir, 'roles'), `${ini.join('\n')}\n`)
writeFileSync(join(dir, 'group_vars/gateways.yml'), 'heap: { min: 256m, max: 1024m }\nports: [8243, 8280]\n')

const bundle = join(out, 'inventory.mjs')
await build({
  stdin: {
    contents: `
      import { readFileSync } from 'node:fs'
      import { z } from 'zod'
      import { endpointOf } from './src/inventory/endpoint.ts'
      import { loadInventory } from './src/inventory/load-inventory.ts'
      import { matchHosts } from './src/inventory/patterns.ts'
      import { siteOf } from './src/inventory/site.ts'
      import { hostsWhere } from './src/inventory/where.ts'
      import { any, defineFleet } from './src/model/fleet.ts'
      const [dir] = process.argv.slice(2)
      const rows = []
      let at = performance.now()
      const row = (what) => {
        rows.push([what, (performance.now() - at) / 1000, Math.round(process.memoryUsage.rss() / 1e6)])
        at = performance.now()
      }
      const inventory = await loadInventory({ sources: ['hosts.yml', 'roles'], cwd: dir, env: {} })
      row('read')
      const node = z.object({ apim_home: z.string(), zone: z.string(), weight: z.number(), ports: z.array(z.number()) })
      const fleet = defineFleet({ groups: { gateways: any(node) }, vars: z.object({ apim_version: z.string() }) })
      const site = siteOf(fleet, inventory)
      row('validate')
      for (const host of inventory.hosts) endpointOf(inventory, host)
      row('connections')
      const hosts = matchHosts(inventory, 'gateways:&zone_a:!gw1*:!~gw2.*9')
      row('a pattern')
      const some = hostsWhere('weight > 3 && apim_version < "2.6.0"', inventory.hosts)
      row('a condition')
      const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
      // Fields 14 and 15 behind the name in parentheses: ticks of 10 ms.
      const stat = readFileSync('/proc/self/task/' + process.pid + '/stat', 'utf8').replace(/^.*\\) /, '').split(' ')
      const main = (Number(stat[11]) + Number(stat[12])) / 100
      console.log(JSON.stringify({ rows, hosts: site.gateways.length, found: [hosts.length, some.length], most: maxRSS / 1000, main, cpu: (userCPUTime + systemCPUTime) / 1e6 }))
    `,
    resolveDir: root,
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  outfile: bundle,
})
try {
  const begun = performance.now()
  const text = execFileSync(process.execPath, [bundle, dir], { encoding: 'utf8' })
  const seconds = (performance.now() - begun) / 1000
  const { rows, hosts, found, most: megabytes, cpu, main } = JSON.parse(text)
  for (const [what, took, rss] of rows) console.log(`${what.padEnd(28)} ${took.toFixed(2)} s  rss ${rss} MB`)
  console.log(`${hosts} hosts, ${found.join(' and ')} of them asked for`)
  const good = main < most.seconds && megabytes < most.megabytes
  console.log(
    `whole process: ${main.toFixed(2)} s of the main thread (${cpu.toFixed(2)} s of all, ${seconds.toFixed(2)} s passed), at most ${Math.round(megabytes)} MB (allowed: ${most.seconds} s, ${most.megabytes} MB)`,
  )
  if (!good) process.exitCode = 1
} finally {
  rmSync(out, { recursive: true })
  rmSync(dir, { recursive: true })
}
