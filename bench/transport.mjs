// Hosts x commands over real sshd's, each contender a process of its own, in turn, medians: npm run bench transport [-- --hosts 50 --rounds 5 --scale 200,1000].
// Needs root and a built command (npm run build). It measures and judges nothing.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { alternate, measure } from './transport/measure.mjs'
import { startServers } from './transport/servers.mjs'

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '50' },
    commands: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '5' },
    scale: { type: 'string', default: '200,1000' },
  },
})
const commands = Number(values.commands)
const root = new URL('..', import.meta.url).pathname
const here = new URL('./transport/', import.meta.url).pathname
const say = (text) => process.stdout.write(`${text}\n`)

/** `upgrade-fleet` itself: playbook, inventory, locks, journal and screen. */
const ours = (servers, hosts, how) => ({
  name: `upgrade-fleet, ${how === 'changes' ? 'changes' : 'reads'}`,
  run: () =>
    measure(
      `node ${root}dist/main.js run ${here}playbook.ts -i ${servers.inventory} --yes --forks ${hosts} ` +
        `-e '{"commands":${commands},"how":"${how}"}' --state ${join(servers.directory, 'state')}`,
      // What connects by itself is not to be asked for more than this.
      { env: { SSH_AUTH_SOCK: '' } },
    ),
})
const bare = (file, how, name) => ({
  name,
  run: () => measure(`node ${here}bare.mjs ${file} ${commands} ${how}`),
})
const xargs = ({ target, directory }) => {
  const all = Array.from({ length: commands }, (_, turn) => `echo ${turn}`).join('; ')
  writeFileSync(join(directory, 'addresses'), target.hosts.map(({ address }) => `${address}\n`).join(''))
  return {
    name: 'xargs -P50 ssh, all commands in one',
    run: () =>
      measure(
        `xargs -a ${join(directory, 'addresses')} -P50 -I{} ssh -F none -p ${target.port} -i ${target.key} -o UserKnownHostsFile=${target.knownHosts} -o BatchMode=yes root@{} '${all}'`,
      ),
  }
}

const row = ({ name, wall, cpu, rss }, first) =>
  say(
    `| ${name} | ${wall.toFixed(2)} s | ${first === undefined ? '' : (wall / first.wall).toFixed(2)} | ${cpu.toFixed(2)} s | ${rss} MB |`,
  )
const head = (title, beside) =>
  say(`\n${title}\n| what | wall | x ${beside} | CPU | RSS |\n| --- | --- | --- | --- | --- |`)

async function against() {
  const servers = await startServers(Number(values.hosts))
  try {
    const file = join(servers.directory, 'target.json')
    writeFileSync(file, JSON.stringify(servers.target))
    const table = await alternate(
      [
        bare(file, 'shell', 'bare ssh2, one shell a host'),
        bare(file, 'exec', 'bare ssh2, one exec a command'),
        xargs(servers),
        ours(servers, values.hosts, 'changes'),
        ours(servers, values.hosts, 'asks'),
      ],
      Number(values.rounds),
    )
    head(`${values.hosts} hosts x ${commands} commands, ${values.rounds} rounds in turn, medians`, 'first')
    for (const one of table) row(one, table[0])
    say(
      `beside one exec a command: changes ${(table[3].wall / table[1].wall).toFixed(2)}, reads ${(table[4].wall / table[1].wall).toFixed(2)}`,
    )
  } finally {
    await servers.stop()
  }
}

async function scaled() {
  const counts = values.scale.split(',').filter(Boolean).map(Number)
  if (counts.length === 0) return
  const servers = await startServers(Math.max(...counts))
  try {
    head(`more hosts x ${commands} changes, once each, all of them at the same time`, 'smallest')
    let first
    for (const count of counts) {
      const { target } = servers
      const file = join(servers.directory, `target-${count}.json`)
      writeFileSync(file, JSON.stringify({ ...target, hosts: target.hosts.slice(0, count) }))
      const limit = `bench[0:${count - 1}]`
      const one = await measure(
        `node ${root}dist/main.js run ${here}playbook.ts -i ${servers.inventory} --yes --forks 50 --limit '${limit}' ` +
          `-e '{"commands":${commands},"how":"changes"}' --state ${join(servers.directory, 'state')}`,
      )
      first ??= one
      row({ ...one, name: `upgrade-fleet, ${count} hosts` }, first)
      row({
        ...(await measure(`node ${here}bare.mjs ${file} ${commands} shell`)),
        name: `bare ssh2 shells, ${count} hosts`,
      })
    }
  } finally {
    await servers.stop()
  }
}

await against()
await scaled()
