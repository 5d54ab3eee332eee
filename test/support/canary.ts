import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { prelude } from './project.ts'

/** A secret that nothing else on this machine holds: its core is the same in every escape, its signs are not. */
export interface Mark {
  readonly kind: string
  readonly core: string
  readonly value: string
}

/** A mark for each kind. */
export function canaryMarks<Kind extends string>(kinds: readonly Kind[]): Readonly<Record<Kind, Mark>> {
  const marked = (kind: string): Mark => {
    const core = `canary${kind}${randomBytes(9).toString('hex')}`
    return { kind, core, value: `'<${core}&" %` }
  }
  return Object.fromEntries(kinds.map((kind) => [kind, marked(kind)])) as Record<Kind, Mark>
}

const model = fileURLToPath(new URL('../../src', import.meta.url))
/** A playbook that uses each of these secrets in every way that there is, failing tasks included. */
export const canaryBook = (names: readonly string[]): string => `${prelude}
import { TaskError } from '${model}/model/errors.ts'
import { encoded } from '${model}/model/secret.ts'
import { secretRef } from '${model}/model/secret-schema.ts'
import { render } from '${model}/modules/file.ts'
const names = ${JSON.stringify(names)} as const
const ours = defineFleet({
  groups: { web: any(z.object({ dir: z.string(), ...Object.fromEntries(names.map((name) => [name, secretRef()])) })) },
  vars: z.object({}),
})
type Name = { readonly of: import('${model}/model/secret.ts').Secret; readonly dir: string; readonly path: string }
const hear = change('canary.hear', {
  apply: async (on, { of, dir }: Name) => {
    const said = await on.must(sh\`v=$(cat); printf '%s\\\\n' "$v"; printf '%s\\\\n' "$v" >&2\`, { stdin: [of] })
    on.say(said); on.say(Buffer.from('user:' + said).toString('base64')); on.say(encodeURIComponent(said)); on.say(JSON.stringify({ said }))
    on.say('<p>' + said.replaceAll('&', '&amp;').replaceAll('<', '&lt;') + '</p>'); on.say("'" + said.replaceAll("'", "'\\\\\\\\''") + "'")
    await on.exec(sh\`cat; exit 3\`, { stdin: ['x'.repeat(65530), of, 'y'.repeat(70000), of] })
    const job = await on.job('quiet', sh\`cat >/dev/null\`, { stdin: [of] })
    await job.wait()
    return { said, in: { deep: [said] } }
  },
  undo: async (on, { of, dir }) => { throw new Error('undo of ' + await on.must(sh.read\`cat\`, { stdin: [of] })) },
})
const fails = (how: 'exit' | 'throw' | 'task') => change('canary.' + how, {
  apply: async (on, { of }: Name) => {
    if (how === 'exit') await on.must(sh\`cat >&2; exit 7\`, { stdin: ['bad password: ', of] })
    const said = await on.must(sh.read\`cat\`, { stdin: [of] })
    throw how === 'throw' ? new RangeError('no ' + said) : new TaskError('no ' + said, [said])
  },
  undo: async () => {},
})
const looks = observe('canary.look', async (on, { of }: Name) => ({ seen: await on.must(sh.read\`cat; cat >&2\`, { stdin: [of] }) }))
const [exits, throws, tells] = (['exit', 'throw', 'task'] as const).map(fails)
export default playbook('canary', { fleet: ours }, (site) => names.flatMap((name) => {
  const input = (host: { vars: { dir: string } }): Name => ({ of: (host.vars as unknown as Record<string, Name['of']>)[name]!, dir: host.vars.dir, path: host.vars.dir + '/holds-' + name })
  return [
    play(name + ' look', site.web, { collect: true }).task('look', ({ host }) => looks(input(host))),
    approve(name + ' gate', () => 'go on?'),
    play(name, site.web, { maxFailPercentage: 100 })
      .task('put', ({ host }) => render({ path: input(host).path, text: ['a=', input(host).of, '\\nb=', encoded('xml', input(host).of), '\\n'] }))
      .task('hear', ({ host }) => hear(input(host)))
      .task('exits', ({ host }) => exits!(input(host)), { ignoreErrors: true })
      .task('tells', ({ host }) => tells!(input(host)), { ignoreErrors: true, retries: 1, delay: 0 }),
    ...(name === names[names.length - 1] ? [play('ends', site.web).task('throws', ({ host }) => throws!(input(host)))] : []),
  ]
}))
`

/** Finds marks in what was written, shown, and to be seen of processes. */
export interface MarkSearch {
  /** The kinds that show in a text. */
  shownIn(text: string): readonly string[]
  /** What of a process anybody may see while it runs, looked at until `over`. */
  watched(over: Promise<unknown>): Promise<ReadonlySet<string>>
  /** All files below these that hold a mark. */
  holding(directories: readonly string[]): readonly { readonly kind: string; readonly path: string }[]
}

/** A search for marks, in clear and inside base64. */
export function markSearch(marks: Readonly<Record<string, Mark>>): MarkSearch {
  const traces = Object.values(marks).map(({ kind, core }) => {
    const inner = [0, 1, 2].map((before) =>
      Buffer.from('.'.repeat(before) + core)
        .toString('base64')
        .slice(before === 0 ? 0 : before + 1, -4),
    )
    return { kind, texts: [core, ...inner] }
  })
  const shownIn = (text: string) =>
    traces.filter(({ texts }) => texts.some((one) => text.includes(one))).map(({ kind }) => kind)
  return {
    shownIn,
    watched: async (over) => {
      const seen = new Set<string>()
      let ended = false
      void over
        .finally(() => {
          ended = true
        })
        .catch(() => undefined)
      while (!ended) {
        for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
          for (const what of ['cmdline', 'environ']) {
            try {
              const text = readFileSync(`/proc/${pid}/${what}`, 'latin1')
              for (const kind of shownIn(text))
                seen.add(`${kind} in ${what} of ${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()}`)
            } catch {}
          }
        await new Promise((resolve) => setImmediate(resolve))
      }
      return seen
    },
    holding: (directories) =>
      directories
        .flatMap(filesBelow)
        .flatMap((path) => shownIn(textOf(path)).map((kind) => ({ kind, path }))),
  }
}

const filesBelow = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((one) => one.isFile() && !one.parentPath.includes('node_modules'))
    .map((one) => join(one.parentPath, one.name))

// Byte for byte: a binary file may hold a text too.
const textOf = (path: string): string =>
  path.endsWith('.gz') ? gunzipSync(readFileSync(path)).toString('latin1') : readFileSync(path, 'latin1')
