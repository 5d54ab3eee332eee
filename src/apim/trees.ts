import { change, observe, restored } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { ask, linesOf, runJob } from '../modules/target.ts'

const server = 'repository/deployment/server'

/** What of a home its artefacts are: carried from version to version, and from the migration home to every landing home. */
export const treeParts: readonly string[] = [
  `${server}/synapse-configs/default`,
  `${server}/userstores`,
  `${server}/executionplans`,
  'repository/tenants',
]

/** Sequences that a pack must win with, in the tenants' trees too (the vendor's upgrade pages). */
const tenantSequences: readonly string[] = [
  '_auth_failure_handler_',
  '_cors_request_handler_',
  'fault',
  'main',
  '_production_key_error_',
  '_resource_mismatch_handler_',
  '_sandbox_key_error_',
  '_throttle_out_handler_',
]

/** Which files of an old tree must not cover those of the new pack, and which of its sequences every tenant gets. */
export type OverlayRules = { readonly keep: readonly string[]; readonly refresh: readonly string[] }

const before3: OverlayRules = {
  keep: [
    ...['_AuthorizeAPI_', '_RevokeAPI_', '_TokenAPI_', '_UserInfoAPI_'].map((name) => `api/${name}.xml`),
    ...[
      '_auth_failure_handler_',
      '_build_',
      '_cors_request_handler_',
      'fault',
      'main',
      '_production_key_error_',
    ].map(sequence),
    ...['_resource_mismatch_handler_', '_sandbox_key_error_', '_throttle_out_handler_', '_token_fault_'].map(
      sequence,
    ),
    'proxy-services/WorkflowCallbackService.xml',
  ],
  refresh: tenantSequences.map((name) => `${name}.xml`),
}

/** Overlay rules by the version that a tree comes into. */
export const overlayRules: Readonly<Record<string, OverlayRules>> = {
  '2.0.0': before3,
  '2.6.0': before3,
  '3.0.0': {
    keep: [
      'api/_RevokeAPI_.xml',
      sequence('_cors_request_handler_'),
      sequence('main'),
      'proxy-services/WorkflowCallbackService.xml',
    ],
    refresh: [],
  },
}

/**
 * The rules of a hop. Straight from 2.0.0 the pack of 3.0.0 wins with two sequences more than from later releases, which
 * have them anew already; into 2.6.0 the pages of 2.2.0 and 2.5.0 let the old tree win whole.
 */
export function overlayRulesOf({ from, to }: { readonly from: string; readonly to: string }): OverlayRules {
  if (to === '2.6.0' && (from === '2.2.0' || from === '2.5.0')) return { keep: [], refresh: [] }
  const { keep, refresh } = overlayRules[to] ?? { keep: [], refresh: [] }
  const more =
    to === '3.0.0' && from === '2.0.0' ? [sequence('_throttle_out_handler_'), sequence('fault')] : []
  return { keep: [...keep, ...more], refresh }
}

function sequence(name: string): string {
  return `sequences/${name}.xml`
}

/** A home's artefacts and keystores, or `only` some of its folders of artefacts, the tenants' too. */
type BundleInput = {
  readonly home: string
  readonly file: string
  readonly only?: readonly string[] | undefined
}

/**
 * A home's artefacts and keystores in one file, without any `.svn`, with a list of their digests in it. Links are followed: a
 * home whose artefacts lie on a file system that it shares has links to it, and a new home with these would write there.
 */
export const bundle = change('apim.bundle', {
  async apply(on, { home, file, only }: BundleInput) {
    const parts = only?.flatMap((name) => [`${server}/${name}`, `repository/tenants/*/${name}`]) ?? treeParts
    const stores = only === undefined ? ['repository/resources/security/*.jks'] : []
    await runJob(
      on,
      'bundle',
      sh`set -eu
umask 077
mkdir -p -- ${`${file}.d`}
sums=${`${file}.d/.upgrade-fleet-sums`}
: > "$sums"
: > ${`${file}.d/names`}
cd -- ${home}
set --
for glob in ${parts}; do for part in $glob; do [ ! -d "$part" ] || set -- "$@" "$part"; done; done
names=${`${file}.d/names`}
[ $# = 0 ] || find -L "$@" -name .svn -prune -o '(' -type d -o -type f ')' -print0 > "$names"
[ $# = 0 ] || find -L "$@" -name .svn -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum > "$sums"
for glob in ${stores}; do for f in $glob; do [ ! -f "$f" ] || printf '%s\0' "$f" >> "$names"; done; done
tar -h --no-recursion -cf ${`${file}.part`} --null -T "$names" --no-null -C ${`${file}.d`} .upgrade-fleet-sums
tar -tf ${`${file}.part`} > /dev/null
mv -- ${`${file}.part`} ${file}
sha256sum < ${file} | cut -c1-64 > ${`${file}.sha256`}`,
    )
    return { path: file, sha256: (await on.must(sh.read`cat -- ${`${file}.sha256`}`)).trim() }
  },
  async undo(on, { file }) {
    await on.must(sh`rm -rf -- ${file} ${`${file}.sha256`} ${`${file}.d`}`)
  },
})

type OverlayInput = {
  readonly home: string
  readonly file: string
  /** Further bundles, whose files cover those of the first. */
  readonly more?: readonly string[]
  /** Folders of artefacts, the tenants' too, that the first bundle has in vain: another has them. */
  readonly without?: readonly string[]
  readonly rules: OverlayRules
}

const overlayScript = ({ home, file, more = [], without = [], rules }: OverlayInput) => sh`set -eu
temp=${`${home}.overlay`}
rm -rf -- "$temp"; mkdir -m 0700 -- "$temp"
sums="$temp"/.upgrade-fleet-sums
tar -xf ${file} -C "$temp" --no-same-owner
for d in ${without}; do
  rm -rf -- "$temp"/${server}/"$d" "$temp"/repository/tenants/*/"$d"
  grep -vE "^[0-9a-f]+  (${server}|repository/tenants/[^/]+)/$d/" "$sums" > "$temp.sums" || :
  cat -- "$temp.sums" > "$sums"
done
# Each bundle has a list of its own: the digest of a file is that of the last one that has it.
for f in ${more}; do
  mv -- "$sums" "$temp.sums"
  tar -xf "$f" -C "$temp" --no-same-owner
  awk '{ name = substr($0, 67) } NR == FNR { print; own[name] = 1; next } !(name in own)' "$sums" "$temp.sums" > "$temp.both"
  cat -- "$temp.both" > "$sums"
done
rm -f -- "$temp.sums" "$temp.both"
default="$temp"/${server}/synapse-configs/default
for f in ${rules.keep}; do rm -f -- "$default/$f"; done
for d in "$temp"/repository/tenants/*/synapse-configs/default/sequences; do
  [ -d "$d" ] || continue
  for f in ${rules.refresh}; do [ ! -f ${home}/${server}/synapse-configs/default/sequences/"$f" ] || cp -p -- ${home}/${server}/synapse-configs/default/sequences/"$f" "$d/$f"; done
done
# Directories of the pack keep their own modes.
tar -cf "$temp.tar" -C "$temp" .
tar -xf "$temp.tar" --no-overwrite-dir -C ${home}
rm -rf -- "$temp" "$temp.tar"`

/** Lays a bundle over a new home: nothing of the pack's own goes, and where the pack must win it does. Undo does nothing: the new home goes as a whole. */
export const overlay = change('apim.overlay', {
  async apply(on, input: OverlayInput) {
    await runJob(on, 'overlay', overlayScript(input))
    return { home: input.home }
  },
  async undo() {},
})

/** The same for a migration home, in a play that rests on a restore point. */
export const overlayMigration = change('apim.overlayMigration', {
  async apply(on, input: OverlayInput) {
    await runJob(on, 'overlay', overlayScript(input))
    return { home: input.home }
  },
  undo: restored,
})

/** A gate: holds when the files of a landing home are those that the migration wrote, digest by digest. */
export const carried = observe('apim.carried', async (on, { home }: { home: string }) => {
  const { stdout } = await ask(
    on,
    sh.read`cd -- ${home} && { sha256sum --quiet -c .upgrade-fleet-sums 2>&1 | head -n 20; printf '%s\n' "$(grep -c . .upgrade-fleet-sums)"; }`,
    { timeout: 600 },
  )
  const lines = linesOf(stdout)
  const wrong = lines.slice(0, -1)
  const files = Number(lines.at(-1))
  if (wrong.length > 0)
    throw new TaskError(`${home} on ${on.name} has other files than the migration wrote`, wrong)
  // An empty list proves nothing: every pack has sequences of its own.
  if (!(files > 0)) throw new TaskError(`${home} on ${on.name} has no list of what the migration wrote`)
  return { files }
})

const movedHandlers =
  'org\\.wso2\\.carbon\\.apimgt\\.usage\\.publisher\\.APIMgt(ThrottleUsage|Response|Fault|Usage|GoogleAnalyticsTracking)Handler'

/**
 * Runs the gateway's artefact script on trees that hold XML (it fails on a tree without any), and proves that no handler has its
 * old name left (the names: the vendor's upgrade script to 2.6.0).
 */
export const rewriteGateway = change('apim.rewriteGateway', {
  async apply(on, { script, trees }: { script: string; trees: readonly string[] }) {
    const said = await runJob(
      on,
      'gateway script',
      sh`set -eu
for tree in ${trees}; do
  [ -n "$(find "$tree" -name '*.xml' 2>/dev/null | head -n 1)" ] || continue
  bash ${script} "$tree"
done`,
    )
    // Its exit code tells of sed, not of what is left.
    const { stdout } = await ask(
      on,
      sh.read`for tree in ${trees}; do [ ! -d "$tree" ] || grep -rlE --include='*.xml' ${movedHandlers} -- "$tree"; done | sort | head -n 20`,
      { timeout: 600 },
    )
    const left = linesOf(stdout)
    if (left.length > 0)
      throw new TaskError(
        `after the gateway's script ${left.length === 20 ? 'at least 20' : left.length} files still name handlers by where they were before 2.1.0`,
        [...left, `the script is ${script}: is it that of this hop?`],
      )
    return { said: said.slice(-10) }
  },
  undo: restored,
})

/** Puts the execution plans that the 2.0.0 client wrote where a traffic manager reads them. */
export const placePlans = change('apim.placePlans', {
  async apply(on, { home }: { home: string }) {
    await on.must(
      sh`[ ! -d ${`${home}/executionplans`} ] || { mkdir -p -- ${home}/${server}/executionplans && cp -a -- ${home}/executionplans/. ${home}/${server}/executionplans/; }`,
    )
    return { home }
  },
  undo: restored,
})
