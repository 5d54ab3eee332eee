import { type Action, change, irreversible, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import type { Host } from '../model/host.ts'
import { runJob } from '../modules/target.ts'
import { type Node, runsNow } from './schemas.ts'
import { allServers, homeOf } from './server.ts'
import { type Version, versions } from './versions.ts'

/** A directory that an upgrade needed and the fleet does not, with its size in KiB. */
export type Leftover = { readonly name: string; readonly path: string; readonly kib: number }

/** What may be removed on a host once its fleet serves at a version: migration homes, artefacts, homes of versions in between; the home before the upgrade where that is asked for. */
export function leftoversOf(
  host: Host<Node>,
  at: Version,
  { oldHome }: { readonly oldHome: boolean },
): readonly { readonly name: string; readonly path: string }[] {
  const { apim_base: base, apim_home: home } = host.vars
  const between = versions
    .filter((version) => version !== at)
    .map((version) => ({ name: `home ${version}`, path: homeOf(base, version) }))
  const old = oldHome && runsNow(host) ? [{ name: 'old home', path: host.vars.apim_home }] : []
  return [
    { name: 'migration', path: `${base}/migration` },
    { name: 'artefacts', path: `${base}/artifacts` },
    ...between.filter(({ path }) => path !== home),
    ...old.filter(({ path }) => path !== homeOf(base, at)),
  ]
}

type Places = { readonly places: readonly { readonly name: string; readonly path: string }[] }

/** Which of these directories are there, and how large they are. Throws where one is a link or a mount, or a server runs from it: that is not ours to remove. */
export const leftovers = observe(
  'apim.leftovers',
  async (on, { places }: Places): Promise<{ readonly found: readonly Leftover[] }> => {
    const found: Leftover[] = []
    for (const { name, path } of places) {
      const said = await on.must(
        sh.read`p=${path}
if [ -L "$p" ]; then echo link; elif [ ! -e "$p" ]; then echo none; elif mountpoint -q -- "$p" 2>/dev/null; then echo mount
else du -skx -- "$p" | cut -f 1; fi`,
        { timeout: 600 },
      )
      const what = said.trim()
      if (what === 'link' || what === 'mount')
        throw new TaskError(`${path} on ${on.name} is a ${what}: remove it by hand if nobody needs it`)
      if (what !== 'none') found.push({ name, path, kib: Number(what) })
    }
    const running = await allServers(on)
    const used = found.find(({ path }) => running.some(({ home }) => within(home, path)))
    if (used !== undefined) throw new TaskError(`${used.path} on ${on.name} is in use: a server runs from it`)
    return { found }
  },
)

const within = (path: string, directory: string): boolean => `${path}/`.startsWith(`${directory}/`)

/** Removes a directory for good, unless a server runs from it by now. What is mounted in it stays, and is an error. */
export const discard: (input: { readonly path: string }) => Action<{ readonly removed: string }> = change(
  'apim.discard',
  {
    async check(on, { path }: { readonly path: string }) {
      return (await on.must(sh.read`[ -e ${path} ] || [ -L ${path} ] || echo gone`)) === ''
        ? undefined
        : { removed: path }
    },
    async apply(on, { path }) {
      if ((await allServers(on)).some(({ home }) => within(home, path)))
        throw new TaskError(`${path} on ${on.name} is in use: a server runs from it`)
      await runJob(on, 'remove', sh`[ ! -L ${path} ] && rm -rf --one-file-system -- ${path}`)
      return { removed: path }
    },
    undo: irreversible('what is cleaned up is gone; the backups stay'),
  },
)
