import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { Action } from '../../model/action.ts'
import { TaskError } from '../../model/errors.ts'
import type { Text } from '../../model/secret.ts'
import { fillTemplate, type TemplateValues } from './fill.ts'
import { type Content, type WholeInput, writing } from './whole.ts'

type CopyInput = WholeInput & {
  /** Absolute path on the machine. */
  readonly dest: string
} & (
    | { /** What the file is to hold. */ readonly content: Text }
    | { /** A file of the controller. */ readonly src: string; readonly remoteSrc?: false | undefined }
    | { /** A file of the machine itself. */ readonly src: string; readonly remoteSrc: true }
  )

/** Where a file now is. */
type Copied = { readonly dest: string }

/**
 * A file with this content, or that of a file of the controller, or with `remoteSrc` of the machine. It keeps mode and owner
 * of the file before unless told others; a new one has mode 0600. Undo brings back what stood there.
 *
 * @example
 * file.copy({
 *   dest: '/srv/app/motd',
 *   content: 'Welcome\n',
 *   mode: '0644',
 * })
 */
export const copy: (input: CopyInput) => Action<Copied> = writing(
  'file.copy',
  ({ dest }: CopyInput) => dest,
  async (_on, input): Promise<Content> => {
    if ('content' in input) return { text: input.content }
    if (input.remoteSrc === true) return { here: input.src }
    return fileHere(input.src)
  },
  ({ dest }) => ({ dest }),
)

type RenderInput = WholeInput & { readonly path: string; readonly text: Text }

/**
 * A file with this text, secrets put in on the way. The file that stood there is kept on the machine, for undo.
 *
 * @example
 * file.render({ path: '/srv/app/rendered', text: ['port = 8080\n', 'host = ', 'gw1', '\n'], mode: '0600' })
 */
export const render: (input: RenderInput) => Action<{ readonly path: string }> = writing(
  'file.render',
  ({ path }: RenderInput) => path,
  async (_on, { text }) => ({ text }),
  ({ path }) => ({ path }),
)

type TemplateInput = WholeInput & {
  /** A template of the controller: text with `{{ name }}`. */
  readonly src: string
  /** Absolute path on the machine. */
  readonly dest: string
  /** A value for each name in the template, and for no other. */
  readonly vars: TemplateValues
}

/**
 * A file out of a template: each `{{ name }}` gets its value, in one pass (nothing in a value is looked at). A name without a
 * value and a value without a name are refused. Undo brings back what stood there.
 *
 * @example
 * file.template({ src: '/srv/app/app.tmpl', dest: '/srv/app/filled.conf', vars: { port: 8080 } })
 */
export const template: (input: TemplateInput) => Action<Copied> = writing(
  'file.template',
  ({ dest }: TemplateInput) => dest,
  async (_on, { src, vars }) => {
    const text = await readFile(src, 'utf8').catch((error: Error) => {
      throw new TaskError(`the template cannot be read: ${error.message}`)
    })
    try {
      return { text: fillTemplate(text, vars) }
    } catch (error) {
      throw new TaskError(`${src}: ${error instanceof Error ? error.message : String(error)}`)
    }
  },
  ({ dest }) => ({ dest }),
)

/** A file of the controller with its digest. */
async function fileHere(src: string): Promise<Content> {
  const is = await stat(src).catch((error: Error) => {
    throw new TaskError(`${src} of this machine cannot be read: ${error.message}`)
  })
  if (is.isDirectory())
    throw new TaskError(`${src} of this machine is a directory: file.synchronize brings directories`)
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(src)) hash.update(chunk as Buffer)
  return { file: src, sha256: hash.digest('hex'), size: is.size }
}
