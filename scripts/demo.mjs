// npm run demo: a lab fleet of the old release, taken to 3.0.0 and then looked at from outside, as its users would.
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tool = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const release = '3.0.0'
// What the lab's fleet publishes, in the super tenant and in another.
const apis = ['/weather/1.0.0', '/phone/1.0.0', '/t/acme.com/orders/1.0.0']

// Ctrl-C reaches the command as well, which ends in its own way; this only waits for it.
process.on('SIGINT', () => {})

process.exitCode = await demo()

async function demo() {
  say('A lab: a fleet of stand-in servers of the old release on this machine')
  // The one of an earlier demo, if there is any.
  await upgradeFleet(['lab', 'down'], 'collect')
  const up = await upgradeFleet(['lab', 'up'])
  if (up.code !== 0) return up.code

  say(`The upgrade to ${release}`)
  const run = await upgradeFleet(['playbooks/to-3.0.0.ts', '--yes'])
  if (run.code !== 0) return run.code

  say('What its users see')
  const wrong = await look()
  if (wrong.length > 0) {
    for (const line of wrong) console.error(`  wrong: ${line}`)
    return 1
  }
  console.log(`
The fleet is at ${release}. What to try next:
  npx upgrade-fleet runs                          what was done
  npx upgrade-fleet rollback                      take it back
  npx upgrade-fleet lab break --list              what can be broken, to watch a gate and a rollback
  npx upgrade-fleet lab down                      take the lab away`)
  return 0
}

/** Everything that is not as it should be, one line each. */
async function look() {
  const listed = await upgradeFleet(['inventory', '--list'], 'collect')
  if (listed.code !== 0) return [`the inventory cannot be listed: ${listed.text}`]
  const inventory = JSON.parse(listed.text)
  const addressOf = (host) => inventory._meta.hostvars[host].ansible_host ?? host
  const gateways = ['gateway_managers', 'gateway_workers'].flatMap((group) => inventory[group]?.hosts ?? [])
  const hosts = Object.keys(inventory._meta.hostvars)
  const asked = [
    ...hosts.map((host) => version(host, addressOf(host))),
    ...gateways.flatMap((host) => apis.map((path) => served(host, addressOf(host), path))),
    ...hosts.map((host) => unversioned(host)),
  ]
  const wrong = (await Promise.all(asked)).filter((line) => line !== undefined)
  if (wrong.length === 0)
    console.log(
      `  ${hosts.length} hosts answer ${release}, ${gateways.length} gateways serve ${apis.length} APIs each, no .svn in any new home`,
    )
  return wrong
}

async function version(host, address) {
  const answer = await get(`http://${address}:9763/services/Version`)
  return answer.text.includes(`-${release}<`)
    ? undefined
    : `${host} does not answer ${release}: ${answer.status} ${answer.text}`
}

async function served(host, address, path) {
  const answer = await get(`http://${address}:8280${path}`)
  return answer.status > 0 && answer.status !== 404 && answer.status < 500
    ? undefined
    : `${host} does not serve ${path}: ${answer.status} ${answer.text}`
}

async function unversioned(host) {
  const find = `find / -xdev -type d -path '*${release}*' -name .svn -print -quit`
  const { code, text } = await upgradeFleet(['exec', host, '--', find], 'collect')
  return code === 0 && !text.includes('.svn')
    ? undefined
    : `${host} has .svn in a new home, or cannot be asked: ${text}`
}

/** An answer; status 0 when there is none after a few seconds. */
async function get(url) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
      return { status: response.status, text: (await response.text()).trim().slice(0, 200) }
    } catch (error) {
      if (attempt === 3) return { status: 0, text: String(error.cause?.message ?? error.message) }
      await sleep(1000)
    }
  }
}

/** Runs the built command; `collect` keeps what it says instead of showing it. */
function upgradeFleet(args, mode = 'show') {
  return new Promise((resolve, reject) => {
    const shown = mode === 'show'
    const child = spawn(process.execPath, [tool, ...args], {
      cwd: root,
      stdio: shown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    if (!shown) for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += part))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 130, text }))
  })
}

function say(title) {
  console.log(`\n== ${title}\n`)
}
