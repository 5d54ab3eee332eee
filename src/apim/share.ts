import { change, type On, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { ask, holds, runJob } from '../modules/target.ts'
import type { Role } from './roles.ts'

/** What servers of 3.0.0 share on one file system in place of SVN (the vendor's deployment page): by the path in a home, and which roles link to it. */
const sharedParts: readonly {
  readonly path: string
  readonly name: string
  readonly roles: readonly Role[] | 'all'
}[] = [
  {
    path: 'repository/deployment/server/synapse-configs',
    name: 'synapse-configs',
    roles: ['gateway-manager', 'gateway-worker'],
  },
  { path: 'repository/deployment/server/executionplans', name: 'executionplans', roles: ['traffic-manager'] },
  { path: 'repository/deployment/server/userstores', name: 'userstores', roles: 'all' },
  { path: 'repository/tenants', name: 'tenants', roles: 'all' },
]

const partsOf = (role: Role) =>
  sharedParts.filter(({ roles }) => roles === 'all' || role === 'all-in-one' || roles.includes(role))

const marker = (dir: string): string => `${dir}/.upgrade-fleet`

/** Holds when the shared directory can be written and holds nothing but what this tool put there. */
export const shareReady = observe('apim.shareReady', async (on, { dir }: { dir: string }) => {
  const { stdout } = await ask(
    on,
    sh.read`[ -d ${dir} ] || echo missing; [ -w ${dir} ] || echo closed; ls -A -- ${dir} | grep -v '^\.upgrade-fleet' | head -n 5`,
  )
  const found = stdout.split('\n').filter((line) => line !== '')
  if (found.includes('missing'))
    throw new TaskError(`${dir} on ${on.name} is not there: mount it on every host`)
  if (found.includes('closed')) throw new TaskError(`${dir} on ${on.name} cannot be written by this user`)
  if (found.length > 0)
    throw new TaskError(
      `${dir} on ${on.name} is not empty: old and new servers must not share a directory`,
      found,
    )
  return { dir }
})

/** Fills the shared directory once, from a landing home. Undo empties it of what was put there. */
export const fillShare = change('apim.fillShare', {
  async check(on, { dir, home }: { dir: string; home: string }) {
    return (await holds(
      on,
      sh.read`grep -qxF -- ${`${on.run} ${home}`} ${marker(dir)} 2>/dev/null && [ -d ${`${dir}/tenants`} ]`,
    ))
      ? { dir }
      : undefined
  },
  async apply(on, { dir, home }) {
    const copies = sharedParts.map(
      ({ path, name }) =>
        sh`rm -rf -- ${`${dir}/${name}.part`} && mkdir -- ${`${dir}/${name}.part`} && { [ ! -d ${`${home}/${path}`} ] || cp -a -- ${`${home}/${path}`}/. ${`${dir}/${name}.part`}/; } && rm -rf -- ${`${dir}/${name}`} && mv -- ${`${dir}/${name}.part`} ${`${dir}/${name}`}`,
    )
    const all = copies.reduce((script, next) => sh`${script} && ${next}`)
    await runJob(
      on,
      'fill',
      sh`set -eu; printf '%s\n' ${`${on.run} ${home}`} > ${marker(dir)} && ${all} && sync`,
    )
    return { dir }
  },
  async undo(on, { dir }) {
    const names = sharedParts.map(({ name }) => `${dir}/${name}`)
    await on.must(
      sh`[ ! -f ${marker(dir)} ] || rm -rf -- ${names} ${names.map((name) => `${name}.part`)} ${marker(dir)}`,
    )
  },
})

/** Puts links to the shared directory in the place of a landing home's own directories. Undo does nothing: the home goes as a whole. */
export const linkShare = change('apim.linkShare', {
  async check(on, { dir, home, role }: { dir: string; home: string; role: Role }) {
    const linked = partsOf(role).map(
      ({ path, name }) =>
        sh.read`[ -d ${`${dir}/${name}`} ] && [ -L ${`${home}/${path}`} ] && [ "$(readlink -- ${`${home}/${path}`})" = ${`${dir}/${name}`} ]`,
    )
    const all = linked.reduce((script, next) => sh.read`${script} && ${next}`)
    return (await holds(on, all)) ? { links: linked.length } : undefined
  },
  async apply(on, { dir, home, role }) {
    const parts = partsOf(role)
    for (const { path, name } of parts) {
      if (!(await holds(on, sh.read`[ -d ${`${dir}/${name}`} ]`)))
        throw new TaskError(`${on.name} does not see ${dir}/${name}: is the shared directory mounted here?`)
      const place = `${home}/${path}`
      await on.must(sh`[ -L ${place} ] || rm -rf -- ${place}; ln -sfn -- ${`${dir}/${name}`} ${place}`)
    }
    return { links: parts.length }
  },
  async undo() {},
})

/** Moves what an upgrade put into the shared directory aside, within it. Undo moves it back. */
export const clearShare = change('apim.clearShare', {
  async check(on, { dir }: { dir: string }, was?: { aside: string }) {
    const marked = await holds(on, sh.read`[ -f ${marker(dir)} ]`)
    return marked ? undefined : (was ?? { aside: asideOf(on, dir) })
  },
  async remember(on, { dir }) {
    return { aside: asideOf(on, dir) }
  },
  async apply(on, { dir }, { aside }) {
    const names = sharedParts.map(({ name }) => name)
    await on.must(
      sh`[ ! -f ${marker(dir)} ] || { mkdir -p -- ${aside} && cd -- ${dir} && for n in ${names} .upgrade-fleet; do [ ! -e "$n" ] || mv -- "$n" ${aside}/; done; }`,
    )
    return { aside }
  },
  async undo(on, { dir }, { aside }) {
    await on.must(
      sh`[ ! -d ${aside} ] || { cd -- ${aside} && for n in $(ls -A); do mv -- "$n" ${dir}/; done; rmdir -- ${aside}; }`,
    )
  },
})

const asideOf = (on: Pick<On, 'run'>, dir: string): string => `${dir}/.upgrade-fleet-aside-${on.run}`
