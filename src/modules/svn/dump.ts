import { z } from 'zod'
import { type Action, change, type On, observe } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import {
  type Measured,
  measured,
  measuring,
  proofFile,
  proofOf,
  proveArtefact,
  type Reading,
  recording,
} from '../backup/artefact.ts'
import { bringTreeBack, type KeptTree, keepTree } from '../files/keep-tree.ts'
import { enterPrivate, here, partsOf, privateOf } from '../files/private.ts'
import { inRoom, tellsNoRoom } from '../room.ts'
import { holds, runJob } from '../target.ts'
import { addressOf, localAddress, type Repository, script, told, utf8 } from './client.ts'
import { placing } from './place.ts'

/** A dump of a repository, as it was when it was made. */
export type Dumped = Measured & {
  readonly kind: 'svn'
  /** Bytes before it was compressed. */
  readonly plain: number
  readonly youngest: number
  readonly uuid: string
  /** The SHA-256 of the sorted `svn ls -R` of the youngest revision. */
  readonly listing: string
}

type Dumping = {
  readonly repository: Repository
  readonly to: string
  readonly name: string
  /** The repository's own directory, where it is on this machine: it is dumped by `svnadmin`, and undo can bring it back. */
  readonly path?: string | undefined
}

const long = { timeout: 24 * 3600 }

const proof = z.object({
  kind: z.literal('svn'),
  ...measured,
  plain: z.number(),
  youngest: z.number(),
  uuid: z.string(),
  listing: z.string(),
})

/**
 * A dump tells the number of each revision at its beginning, and nothing at its end but a line end. So the program that writes it
 * must say that it came to the last revision, and only then it is recorded.
 */
const reading: Reading = {
  count: sh.read`grep -ac '^Revision-number: '`,
  ends: sh.read`[ "$(tail -c 1 | od -An -tx1 | tr -d ' ')" = 0a ]`,
  end: 'a line end',
}

/**
 * A dump of a whole repository, by `svnadmin` where it lies on the machine, else over the network by `svnrdump`; read back
 * whole, with one marker for each revision. It is kept on undo. With `path` it is a restore point: undo loads it into a new
 * repository, with `conf`, `hooks` and the UUID of the old, which is moved aside. Over the network undo only says
 * whether the repository has moved on, since a repository takes a dump only by `svnadmin`.
 *
 * @example
 * svn.dump({ repository: { url: 'svn://svn.example.com/apim', user: 'wso2', password: secret('env:SVN') }, to: '/srv/app/backups', name: 'svn' })
 */
export const dump = (input: Dumping): Action<Dumped> => dumped(input)
const dumped = change<Dumping, Dumped, { readonly file: string }>('svn.dump', {
  async remember(on, { to, name }) {
    return { file: `${to}/${on.run}/${name}.svndump.gz` }
  },
  async apply(on, { repository, path, to }, { file }) {
    const [plain, said] = [`${file}.plain`, `${file}.said`]
    const wanted = path === undefined ? addressOf(repository) : `${localAddress(path)}@`
    const write =
      path === undefined
        ? sh`as svnrdump dump -r 0:"$youngest" -- "$root"`
        : sh`svnadmin dump -r 0:"$youngest" -- ${path}`
    const dumping = script(
      repository,
      sh`set -e
rest() { rm -f -- ${[plain, said, `${file}.part`, `${proofFile(file)}.part`, file]}; }
whole=; trap 'rm -rf -- "$c"; [ -n "$whole" ] || rest' EXIT
mkdir -p -- "$(dirname -- ${file})"
field() { as svn info --show-item "$1" --no-newline -- "$2"; }
root=$(field repos-root-url ${wanted}); youngest=$(field revision "$root@"); uuid=$(field repos-uuid "$root@")
rm -f -- ${file} ${proofFile(file)}
${write} > ${plain} 2> ${said} || { tail -n 5 -- ${said} >&2; ${tellsNoRoom(plain)}; exit 4; }
grep -qaxF -e "* Dumped revision $youngest." -- ${said} || { echo "the dump did not come to its last revision"; exit 4; }
rm -f -- ${said}
gzip -n -c -- ${plain} > ${`${file}.part`}
[ "$(gzip -dc < ${`${file}.part`} | sha256sum)" = "$(sha256sum < ${plain})" ] || { echo "the dump reads back differently"; exit 4; }
size=$(wc -c < ${plain})
as svn ls -R -- "$root@$youngest" > ${plain}; listing=$(LC_ALL=C sort < ${plain} | sha256sum | cut -c1-64)
rm -f -- ${plain}
least=$((youngest + 1))
${measuring(`${file}.part`, reading, sh`"$least"`)}
more=$(printf ',"plain":%s,"youngest":%s,"uuid":"%s","listing":"%s"' "$size" "$youngest" "$uuid" "$listing")
${recording(`${file}.part`, file, { kind: 'svn', file }, sh`"$more"`)}
whole=1`,
    )
    await inRoom(on, to, () => runJob(on, 'svn dump', dumping, { stdin: [repository.password] }))
    return provenDump(on, file)
  },
  async undo(on, { repository, path }, { file }) {
    on.say(`${file} is kept`)
    const noted = await provenDump(on, file)
    if (path !== undefined) return putBack(on, path, noted)
    const now = await told(on, repository, `${repository.url} cannot be looked at`, youngestOf(repository))
    if (Number(now) !== noted.youngest)
      on.say(
        `${repository.url} is at revision ${now.trim()}, the dump at ${noted.youngest}: load it with svnadmin on its host`,
      )
  },
  prove: async (on, _input, { file }) => void (await provenDump(on, file)),
})

const youngestOf = (repository: Repository): Command =>
  sh.read`root=$(as svn info --show-item repos-root-url --no-newline -- ${addressOf(repository)}) && as svn info --show-item revision -- "$root@"`

/** Reads a dump back, and wants it as it was when it was made. Throws {@link TaskError} otherwise. */
export async function provenDump(on: On, file: string): Promise<Dumped> {
  const dump: Dumped = await proofOf(on, file, proof)
  await proveArtefact(on, dump, reading)
  return dump
}

/** Makes `t` a repository out of a dump, and proves that it is the one that was dumped. */
export const loading = ({ file, sha256, youngest, uuid, listing }: Dumped): Command => sh.read`${utf8}
[ "$(sha256sum < ${file} | cut -c1-64)" = ${sha256} ] || { echo 'the dump is damaged' >&2; exit 4; }
svnadmin create -- "$t" || exit 4
{ gzip -dc < ${file} > "$t/plain" && svnadmin load -q --force-uuid -- "$t" < "$t/plain" && rm -f -- "$t/plain"; } || exit 4
[ "$(svnlook youngest -- "$t") $(svnlook uuid -- "$t")" = ${`${youngest} ${uuid}`} ] || { echo 'revisions are missing from the repository' >&2; exit 4; }
u=$(printf %s "$t" | od -An -v -tx1 | tr -d '\n' | sed 's/ /%/g; s/%2f/\//g')
svn ls --non-interactive --config-dir "$t/conf/none" -R -- "file://$u@" > "$t/listing" && rm -rf -- "$t/conf/none"
[ "$(LC_ALL=C sort < "$t/listing" | sha256sum | cut -c1-64)" = ${listing} ] || { echo 'the repository lists differently' >&2; exit 4; }
rm -f -- "$t/listing"`

/** Loads a dump into a repository in scratch, which is then removed: proof that it is whole. */
export const rehearse = observe(
  'svn.rehearse',
  async (on, { dump, scratch = '/tmp' }: { readonly dump: Dumped; readonly scratch?: string }) => {
    const proving = sh.read`( set -e; umask 077; s=$(mktemp -d ${`${scratch}/upgrade-fleet-svn.XXXXXX`})
trap 'rm -rf -- "$s"' EXIT; trap 'exit 9' HUP INT TERM PIPE; t=$s/repository
${loading(dump)} )`
    await inRoom(on, scratch, () => on.must(proving, long))
    return { youngest: dump.youngest, uuid: dump.uuid }
  },
)

type Loading = { readonly dump: Dumped; readonly to: string }
type Loaded = { readonly to: string; readonly youngest: number; readonly uuid: string }

/** A new repository on the machine out of a dump, with its UUID. Undo removes it; one that was written since is moved aside. */
export const load = (input: Loading): Action<Loaded> => loaded(input)
const loaded = change<Loading, Loaded, KeptTree>('svn.load', {
  async check(on, { dump: { youngest, uuid }, to }) {
    const same = sh.read`[ -d ${to} ] && [ "$(svnlook youngest -- ${to}) $(svnlook uuid -- ${to})" = ${`${youngest} ${uuid}`} ]`
    return (await holds(on, same)) ? { to, youngest, uuid } : undefined
  },
  async remember(on, { to }) {
    if (await holds(on, sh.read`[ -e ${to} ] || [ -L ${to} ]`))
      throw new TaskError(`${to} on ${on.name} is there already: a dump is loaded into a new repository`)
    return keepTree(on, to)
  },
  async apply(on, { dump, to }, kept) {
    const { youngest, uuid } = dump
    await inRoom(on, to, () =>
      runJob(on, 'svn load', sh`( set -e; umask 027; ${placing(on, to, kept, loading(dump))} )`),
    )
    return { to, youngest, uuid }
  },
  undo: (on, { to }, kept) => bringTreeBack(on, to, kept),
})

/** The repository as it was when it was dumped, unless it still is. */
async function putBack(on: On, path: string, noted: Dumped): Promise<void> {
  const aside = `${path}.aside-${on.run}`
  const [{ name }, beside] = [partsOf(path), partsOf(privateOf(on, path)).name]
  await inRoom(on, path, () =>
    runJob(
      on,
      'svn restore',
      sh`( set -e; umask 027; t=${here}/new; f=${path}; a=${aside}
if [ -d "$f" ] && [ "$(svnlook youngest -- "$f") $(svnlook uuid -- "$f")" = ${`${noted.youngest} ${noted.uuid}`} ]; then exit 0; fi
from=$f; [ -e "$f" ] || from=$a
${enterPrivate(on, path)}
trap leave EXIT
${loading(noted)}
for part in conf hooks; do [ ! -d "$from/$part" ] || { rm -rf -- "./new/$part" && cp -a -- "$from/$part" "./new/$part"; }; done
if [ -d "$from" ]; then chown --reference="$from" -R -- ./new; chmod --reference="$from" -- ./new; fi
sync -f -- ./new 2>/dev/null || sync
[ . -ef ../${beside} ] || { printf 'somebody else put something in place of %s\n' ${beside} >&2; exit 1; }
if [ -e "$f" ]; then n=; i=0; while [ -e "$a$n" ]; do i=$((i + 1)); n=.$i; done; mv -T -- "$f" "$a$n"; fi
mv -T -- ./new ../${name} )`,
    ),
  )
  on.say(`${path} is as it was dumped; what stood there since is ${aside}`)
}
