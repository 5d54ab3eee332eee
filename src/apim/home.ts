import { change, type On, restored } from '../model/action.ts'
import type { Charset } from '../model/charset.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { isSecret, shownText, type Text } from '../model/secret.ts'
import { asUnarchive, type UnpackInput } from '../modules/archive.ts'
import { unpackAnew } from '../modules/archives/unarchive.ts'
import { decode, xmlCharset } from '../modules/edit/charset.ts'
import { editXml, type XmlEdit } from '../modules/edit/xml.ts'
import { ask, holds, linesOf, looks, readBytes } from '../modules/target.ts'
import { withLevels } from './logging.ts'
import { type Encryption, encrypt, filesWith } from './secured.ts'
import { endServers } from './server.ts'
import type { Configuration } from './settings.ts'

/** A fresh migration home: whatever an earlier try left of it goes first. It is kept on rollback, as evidence. */
export const freshHome = change('apim.freshHome', {
  async apply(on, input: UnpackInput) {
    if (!input.to.includes('/migration/')) throw new TaskError(`${input.to} is not a migration home`)
    await endServers(on, input.to)
    await on.must(sh`mkdir -p -- "$(dirname -- ${input.to})"`)
    await unpackAnew(on, asUnarchive(input), 'unpack')
    await on.must(sh`chmod u+x -- ${input.to}/bin/*.sh`)
    return { home: input.to }
  },
  undo: restored,
})

type ConfigureInput = {
  readonly home: string
  readonly configuration: Configuration
  /** Jars to put beside the pack's own: the database driver (`lib`), the synchronizer's client (`dropins`). */
  readonly jars: readonly { readonly from: string; readonly dir: 'lib' | 'dropins'; readonly name: string }[]
  /** A home of this machine whose keystores are taken, when there is one. */
  readonly keystoresFrom?: string | undefined
  /** How its secrets are encrypted, where the configuration has some that are to be. */
  readonly encryption?: Encryption | undefined
}

/** Writes a new home's configuration, drivers and keystores. Undo does nothing: the new home goes as a whole. */
export const configure = change('apim.configure', {
  // Words of the pack's own files may be somebody's password: they cannot be told from it afterwards.
  async remember(on, { home, configuration: { secrets } }: ConfigureInput) {
    return { before: secrets === undefined ? [] : await filesWith(on, home, secrets) }
  },
  async apply(on, { home, configuration, jars, keystoresFrom, encryption }, { before }) {
    for (const { path, text } of configuration.texts) await put(on, `${home}/${path}`, text)
    for (const { path, edits } of configuration.edits) {
      const file = `${home}/${path}`
      if (edits.length === 0) continue
      const { charset, after } = await configured(on, file, edits)
      await put(on, file, after, charset)
    }
    if (configuration.logging !== undefined) {
      const { path, text } = await logging(on, home, configuration.logging)
      await put(on, path, text.after, 'ISO-8859-1')
    }
    for (const { from, dir, name } of jars)
      await on.must(sh`cp -- ${from} ${`${home}/repository/components/${dir}/${name}`}`)
    if (keystoresFrom !== undefined)
      await on.must(
        sh`for f in ${keystoresFrom}/repository/resources/security/*.jks; do [ ! -f "$f" ] || cp -p -- "$f" ${`${home}/repository/resources/security/`}; done`,
      )
    const { secrets } = configuration
    const [written] = configuration.texts
    if (encryption !== undefined && secrets !== undefined && written !== undefined)
      await encrypt(on, home, encryption, { written: written.text, secrets, before })
    return { home }
  },
  async diff(on, { home, configuration }) {
    const texts = configuration.texts.map(async ({ path, text }) => {
      const { text: before } = await looks(on, `${home}/${path}`)
      return { path: `${home}/${path}`, before, after: shownText(text) }
    })
    const edited = configuration.edits
      .filter(({ edits }) => edits.length > 0)
      .map(async ({ path, edits }) => {
        const { before, after } = await configured(on, `${home}/${path}`, edits)
        return { path: `${home}/${path}`, before, after: shownText(after) }
      })
    const loggers =
      configuration.logging === undefined
        ? []
        : [logging(on, home, configuration.logging).then(({ path, text }) => ({ path, ...text }))]
    return Promise.all([...texts, ...edited, ...loggers])
  },
  async undo() {},
})

/** The same for a migration home, in a play that rests on a restore point. */
export const configureMigration = (input: ConfigureInput) => {
  const action = configure(input)
  return { ...action, work: { ...action.work, undo: restored } } as typeof action
}

// A file that is there stays whose it is, and keeps its mode unless it gets a secret: that is for its owner alone.
async function put(on: On, path: string, text: Text, charset?: Charset): Promise<void> {
  const { code, stdout } = await ask(on, sh.read`stat -L -c '%a %u %g' -- ${path}`)
  const [mode = '600', owner, group] = code === 0 ? stdout.trim().split(' ') : []
  const own = typeof text !== 'string' && text.some(isSecret)
  await on.put({ text, ...(charset && { charset }) }, path, {
    mode: Number.parseInt(mode, 8) & (own ? 0o700 : 0o777),
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
    signal: on.signal,
  })
}

// Java reads properties from a file in ISO-8859-1.
async function logging(on: On, home: string, { path, levels }: NonNullable<Configuration['logging']>) {
  const file = `${home}/${path}`
  const before = decode(await readBytes(on, file), 'ISO-8859-1', file)
  return { path: file, text: { before, after: withLevels(before, file, levels) } }
}

// In the encoding that the file has: carbon.xml is in ISO-8859-1.
async function configured(on: On, file: string, edits: readonly XmlEdit[]) {
  const bytes = await readBytes(on, file)
  const charset = xmlCharset(bytes, file)
  const before = decode(bytes, charset, file)
  return { before, charset, after: editXml(before, edits, { file, charset, create: true }) }
}

type Wanted = { readonly zip: string; readonly sha256: string; readonly path: string }

/** Takes files out of zips, by the rules of `unarchive`: each by the end of its path there. Gives where they lie. */
export const extract = change('apim.extract', {
  async apply(on, { to, files }: { to: string; files: Readonly<Record<string, Wanted>> }) {
    const found: Record<string, string> = {}
    await on.must(sh`mkdir -p -- ${to}`)
    for (const [name, { zip, sha256, path }] of Object.entries(files)) {
      const dest = `${to}/${name}`
      await unpackAnew(on, { src: zip, sha256, dest, format: 'zip', verify: 'mark' }, `extract-${name}`)
      const said = await on.must(sh.read`find ${dest} -type f -path ${`*/${path}`}`)
      // The same name may lie deeper too: the one nearest to the top is meant.
      const [nearest = ''] = linesOf(said).toSorted((a, b) => a.length - b.length)
      if (nearest === '') throw new TaskError(`${zip} on ${on.name} does not hold ${path}`)
      found[name] = nearest
    }
    return found
  },
  undo: restored,
})

/** Whether two paths of the machine are one file system object. */
export const samePlace = (on: On, a: string, b: string): Promise<boolean> =>
  holds(on, sh.read`[ ${a} -ef ${b} ]`)
