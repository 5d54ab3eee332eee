// npm run demo: a lab fleet of the old release, taken to 3.0.0 and then looked at from outside, as its users would.
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tool = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const release = '3.0.0'
const playbook = 'playbooks/to-3.0.0.ts'
// Quick enough for two minutes in all, slow enough to watch.
const pace = '0.7'
// Every host gets a home of each release at which the whole fleet is started.
const newReleases = ['2.6.0', release]
// What the lab's fleet publishes, in the super tenant and in another.
const apis = ['/weather/1.0.0', '/phone/1.0.0', '/t/acme.com/orders/1.0.0']

// Ctrl-C reaches the command as well, which ends in its own way; this only waits for it.
process.on('SIGINT', () => {})

process.exitCode = await demo()

/** A command with the lab's inventory, whatever else may lie in this directory. */
function onLab(command, ...rest) {
  return [command, '-i', 'inventory/lab/hosts.yml', ...rest]
}

async function demo() {
  const began = Date.now()
  say('1 of 3: a lab, a fleet of stand-in servers of the old release on this machine')
  // The one of an earlier demo, if there is any.
  const down = await upgradeFleet(['lab', 'down'], 'collect')
  if (down.code !== 0) return failed('The lab of an earlier demo could not be taken down.', down)
  const up = await upgradeFleet(['lab', 'up', '--pace', pace])
  if (up.code !== 0) return failed('The lab is not up, so nothing was tried.', up)

  say(`2 of 3: the upgrade to ${release}`)
  const run = await upgradeFleet([...onLab(playbook), '--yes'])
  if (run.code !== 0) return failed(`The upgrade did not reach ${release}.`, run)

  say('3 of 3: what its users see, asked from outside')
  const wrong = await look()
  for (const line of wrong) console.error(`  wrong: ${line}`)
  if (wrong.length > 0)
    return failed(`The run said done, but ${wrong.length} of these are not so.`, { code: 1 })
  console.log(`
The fleet is at ${release}, after ${Math.round((Date.now() - began) / 1000)} s. The lab stays up. What to try next:

  npx upgrade-fleet lab status          the fleet
  npx upgrade-fleet runs                what was done
  npx upgrade-fleet rollback            bring 1.9.1 back: databases, files, servers

To see a gate stop a run, break something first (and roll back, if you have not):

  npx upgrade-fleet lab break started-but-unhealthy:gw-worker-2
  npx upgrade-fleet ${playbook}
  npx upgrade-fleet lab break none      mend it, then: npx upgrade-fleet resume

  npx upgrade-fleet lab break --list    all that can be broken
  npx upgrade-fleet lab down            take the lab away`)
  return 0
}

/** Says how the demo failed, and what to type; an interrupted command is no failure. */
function failed(what, { code, text = '' }) {
  if (text !== '') console.error(text.trimEnd())
  if (code !== 130) console.error(`\nThe demo failed (exit ${code}). ${what}`)
  console.error('The lab stays up for a look: npx upgrade-fleet lab status; npx upgrade-fleet show\n')
  return code
}

/** Everything that is not as it should be, one line each; what is as it should be is said by the way. */
async function look() {
  const listed = await upgradeFleet(onLab('inventory', '--list'), 'collect')
  if (listed.code !== 0) return [`the inventory cannot be listed: ${listed.text}`]
  const inventory = JSON.parse(listed.answer)
  const addressOf = (host) => inventory._meta.hostvars[host].ansible_host ?? host
  const gateways = ['gateway_managers', 'gateway_workers'].flatMap((group) => inventory[group]?.hosts ?? [])
  const hosts = Object.keys(inventory._meta.hostvars)
  // An empty fleet would answer everything well.
  if (hosts.length === 0 || gateways.length === 0) return ['the inventory has no hosts or no gateways']
  return [
    ...(await proved(
      `${hosts.length} hosts answer ${release} on /services/Version`,
      hosts.map((host) => version(host, addressOf(host))),
    )),
    ...(await proved(
      `${gateways.length} gateways serve ${apis.join(', ')}`,
      gateways.flatMap((host) => apis.map((path) => served(host, addressOf(host), path))),
    )),
    ...(await proved(
      `${hosts.length} hosts have no .svn in their new homes (${newReleases.join(', ')})`,
      hosts.map((host) => unversioned(host, inventory._meta.hostvars[host].apim_base)),
    )),
  ]
}

/** Waits for findings, and says so if there are none. */
async function proved(statement, asked) {
  const wrong = (await Promise.all(asked)).filter((line) => line !== undefined)
  if (wrong.length === 0) console.log(`  ${statement}`)
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
  return answer.status === 200 ? undefined : `${host} does not serve ${path}: ${answer.status} ${answer.text}`
}

/** That every new home is there, and has no `.svn` in it. */
async function unversioned(host, base) {
  const homes = newReleases.map((each) => `${base}/wso2am-${each}`)
  const find = homes.map((home) => `test -d ${home} && find ${home} -name .svn`).join(' && ')
  const { code, answer, text } = await upgradeFleet(onLab('exec', host, '--', find), 'collect')
  return code === 0 && !answer.includes('.svn')
    ? undefined
    : `${host} has .svn in a new home, or lacks one, or cannot be asked: ${text.trim()}`
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

/**
 * Runs the built command; `collect` keeps what it says instead of showing it: `answer` from its standard output alone,
 * `text` with its errors.
 */
function upgradeFleet(args, mode = 'show') {
  return new Promise((resolve, reject) => {
    const shown = mode === 'show'
    const child = spawn(process.execPath, [tool, ...args], {
      cwd: root,
      stdio: shown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    })
    let answer = ''
    let text = ''
    child.stdout?.on('data', (part) => {
      answer += part
      text += part
    })
    child.stderr?.on('data', (part) => {
      text += part
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 130, answer, text }))
  })
}

function say(title) {
  console.log(`\n== ${title}\n`)
}
