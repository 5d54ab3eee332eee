import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { faults } from '../lab/faults.ts'
import { type LabStatus, labBreak, labDown, labReset, labStatus, labUp } from '../lab/lab.ts'
import { databaseNames, shapeNames } from '../lab/shapes.ts'
import type { LabShape } from '../lab/state.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'

/** `upgrade-fleet lab`: a fleet on this machine to try things on. */
export function labCommand(io: Io): Command {
  const lab = new Command('lab').description('make a fleet on this machine to try upgrades on')
  const place = (options: { readonly state?: string }) => ({
    state: resolve(io.cwd, options.state ?? io.env['UPGRADE_FLEET_STATE'] ?? '.upgrade-fleet'),
    project: io.cwd,
  })
  const say = (line: string) => io.out(`${line}\n`)
  const sub = (name: string, description: string) =>
    lab.command(name).description(description).option('--state <dir>', "the tool's state directory")

  sub('up', 'make and start it: hosts, a database, Subversion, servers of an old release')
    .option('--from <version>', 'the release that the fleet runs: 1.8.0 to 2.6.0 (1.9.1 is the usual one)')
    .addOption(
      new Option('--shape <shape>', 'what the fleet is like')
        .choices(shapeNames)
        .default(undefined, shapeNames[0]),
    )
    .addOption(
      new Option('--database <kind>', 'where it keeps its tables')
        .choices(databaseNames)
        .default(undefined, databaseNames[0]),
    )
    .option('--pace <factor>', 'how slow the servers are: 1 is a second and a half for a start', number)
    .option('--range <prefix>', 'the loopback addresses to use', range)
    .action(async (options: { state?: string } & Partial<LabShape>) => {
      const { state: _, ...shape } = options
      await labUp({ ...place(options), ...shape, say })
    })

  sub('status', 'tell what of it runs, and which faults are on').action(
    async (options: { state?: string }) => {
      const status = await labStatus(place(options))
      say(status === undefined ? 'No lab is up.' : statusText(status))
    },
  )

  sub('reset', 'bring the fresh fleet back').action(async (options: { state?: string }) => {
    const began = performance.now()
    await labReset(place(options))
    say(`The lab is as new after ${seconds(began)} s.`)
  })

  sub('break', 'make a fault happen, on all hosts or on one')
    .argument('[fault]', 'FAULT or FAULT:HOST; `none` clears all, `none:HOST` those of a host')
    .option('--list', 'list the faults')
    .action(async (fault: string | undefined, options: { state?: string; list?: boolean }) => {
      if (options.list === true)
        return say(faults.map(({ slug, seen }) => `${slug.padEnd(width)}${seen}`).join('\n'))
      if (fault === undefined)
        throw new InputError(
          'lab break: expected a fault',
          'See what there is: upgrade-fleet lab break --list',
        )
      say(`Faults that are on: ${faultsText(await labBreak(place(options), fault))}`)
    })

  sub('down', 'end it and remove it').action(async (options: { state?: string }) => {
    say((await labDown(place(options))) ? 'The lab is gone.' : 'No lab is up.')
  })
  return lab
}

const width = 2 + Math.max(...faults.map(({ slug }) => slug.length))

function statusText(status: LabStatus): string {
  const hosts = status.hosts.map(({ name, address, up, servers, ports }) => {
    const what = up ? (servers.length === 0 ? 'no server' : servers.join(', ')) : 'down'
    return `${name.padEnd(14)}${address.padEnd(16)}${what.padEnd(28)}${ports.join(' ')}`
  })
  return [
    `Range ${status.range}, from ${status.from}, pace ${status.pace}, ${status.shape} on ${status.database}`,
    ...hosts,
    `database ${status.databaseServer ? 'up' : 'down'}, Subversion ${status.svn ? 'up' : 'down'}`,
    `Faults that are on: ${faultsText(status.faults)}`,
  ].join('\n')
}

function faultsText(on: LabStatus['faults']): string {
  const each = Object.entries(on).flatMap(([host, slugs]) =>
    slugs.map((slug) => (host === '*' ? slug : `${slug}:${host}`)),
  )
  return each.length === 0 ? 'none' : each.join(', ')
}

function seconds(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1)
}

function number(text: string): number {
  const value = Number(text)
  if (!(value >= 0)) throw new InvalidArgumentError('Expected a number that is not negative.')
  return value
}

function range(text: string): string {
  const fits = /^127\.\d{1,3}\.\d{1,3}$/.test(text) && text.split('.').every((part) => Number(part) < 256)
  if (!fits)
    throw new InvalidArgumentError('Expected three parts of a loopback address, for instance 127.77.0.')
  return text
}
