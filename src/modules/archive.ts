import { change, type On } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { holds, runJob } from './target.ts'

export { create } from './archives/create.ts'

/**
 * Unpacks a zip whose one folder is `top` so that it becomes `to`. Undo removes `to`, unless it was there before.
 *
 * @example
 * archive.unpack({
 *   zip: '/srv/app/wso2am-3.0.0.zip',
 *   sha256: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
 *   top: 'wso2am-3.0.0',
 *   to: '/srv/app/wso2am-3.0.0',
 * })
 */
export const unpack = change('archive.unpack', {
  async check(on, { sha256, to }: UnpackInput) {
    return (await isOurs(on, to, sha256)) ? { path: to } : undefined
  },
  async remember(on, { to }) {
    if (await holds(on, sh.read`test -e ${to}`))
      throw new TaskError(`${to} on ${on.name} exists, and this run did not make it: move it away`)
    return null
  },
  async apply(on, input) {
    await unpackZip(on, input)
    return { path: input.to }
  },
  async undo(on, { to, sha256 }) {
    // Renamed first: what is left of it after a crash in the middle is still known to be ours.
    if (await isOurs(on, to, sha256))
      await on.must(sh`rm -rf -- ${temporary(to)} && mv -- ${to} ${temporary(to)}`, { timeout: 600 })
    await on.must(sh`rm -rf -- ${temporary(to)}`, { timeout: 600 })
  },
})

/** What to unpack: a zip of the machine, its SHA-256, its one folder, and the path that this folder gets. */
export type UnpackInput = {
  readonly zip: string
  readonly sha256: string
  readonly top: string
  readonly to: string
}

const marker = '.upgrade-fleet'

const temporary = (to: string): string => `${to}.unpacking`

/** Whether a directory was unpacked by this very run from the archive of that SHA-256. */
async function isOurs(on: On, path: string, sha256: string): Promise<boolean> {
  return holds(on, sh.read`[ "$(cat -- ${`${path}/${marker}`} 2>/dev/null)" = ${`${on.run} ${sha256}`} ]`)
}

/**
 * Unpacks into a new directory beside the target and renames it. Absolute names, `..`, links, and names outside the
 * one folder are refused before anything is written.
 */
export async function unpackZip(on: On, { zip, sha256, top, to }: UnpackInput): Promise<void> {
  const temp = temporary(to)
  await runJob(
    on,
    'unpack',
    sh`set -eu
[ "$(sha256sum < ${zip})" = ${`${sha256}  -`} ] || { echo "the archive has another SHA-256 than in the list of artefacts"; exit 3; }
! unzip -Z1 -- ${zip} | grep -nE '^/|(^|/)\.\.(/|$)' || { echo "names that lead out of the archive"; exit 3; }
! unzip -Z1 -- ${zip} | awk -v top=${`${top}/`} 'index($0, top) != 1' | grep . || { echo "names outside of its one folder"; exit 3; }
! unzip -Z -- ${zip} | grep -E '^[lbcps]' || { echo "links or devices in the archive"; exit 3; }
rm -rf -- ${temp} && mkdir -m 0755 -- ${temp}
unzip -q -o -d ${temp} -- ${zip}
printf '%s\n' ${`${on.run} ${sha256}`} > ${`${temp}/${top}/${marker}`}
sync
rm -rf -- ${to}
mv -- ${`${temp}/${top}`} ${to} && rm -rf -- ${temp}`,
  )
}
