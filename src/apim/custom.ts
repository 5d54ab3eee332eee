import { z } from 'zod'
import { encoded, isSecret } from '../model/secret.ts'
import { secretRef } from '../model/secret-schema.ts'
import type { TomlTable, TomlValue } from '../modules/edit/toml-text.ts'
import type { XmlEdit } from '../modules/edit/xml.ts'
import { escapeXml } from '../modules/edit/xml-escape.ts'

const scalar = z.union([z.string(), z.number(), z.boolean(), secretRef()])
const setting = z.union([scalar, z.array(scalar)])
const table = z.record(z.string().regex(/^[A-Za-z][\w.-]*$/, 'a key of deployment.toml'), setting)

/** Settings of `deployment.toml` by the head of their table; several tables of one head as a list. */
export const tomlSettings = z.record(
  z.string().regex(/^[a-z][\w.-]*$/i, 'the head of a table, without brackets: server, or apim.cors'),
  z.union([table, z.array(table).min(1)]),
)

/** Edits of a home's XML files up to 2.6.0, as the `xml` module has them. */
export const xmlSettings = z.array(
  z
    .object({
      file: z
        .string()
        .regex(
          /^(?!.*\.\.)[\w-]+(?:\/[\w.-]+)*\.xml$/,
          'a file below repository/conf, such as user-mgt.xml or axis2/axis2.xml',
        ),
      at: z.string().min(1),
      text: z.union([z.string(), secretRef()]).optional(),
      append: z.string().min(1).optional(),
      remove: z.literal(true).optional(),
    })
    .refine(
      ({ text, append, remove }) => [text, append, remove].filter((each) => each !== undefined).length === 1,
      'exactly one of text, append and remove',
    ),
)

/** What an operator says of `deployment.toml`. */
export type TomlVars = z.output<typeof tomlSettings>
/** What an operator says of the XML files of new homes. */
export type XmlVars = z.output<typeof xmlSettings>

/**
 * Our tables with the operator's over them: a key replaces ours, a list replaces all tables of that head. Values are put into XML by
 * the server's templates, and so they are escaped for it.
 */
export function withToml(tables: readonly TomlTable[], own: TomlVars | undefined): readonly TomlTable[] {
  if (own === undefined) return tables
  const heads = new Set(tables.map(({ head }) => bare(head)))
  const more = Object.entries(own).flatMap(([head, given]) => {
    if (isTables(given)) return given.map((values) => ({ head: `[${head}]`, values: escapedAll(values) }))
    return heads.has(head) ? [] : [{ head, values: escapedAll(given) }]
  })
  const ours = tables.flatMap((each): readonly TomlTable[] => {
    const given = own[bare(each.head)]
    if (given === undefined) return [each]
    return isTables(given) ? [] : [{ ...each, values: { ...each.values, ...escapedAll(given) } }]
  })
  return [...ours, ...more]
}

/** Two of them as one: the second wins, key by key. */
export function together(one: TomlVars, other: TomlVars | undefined): TomlVars {
  const heads = Object.entries(other ?? {}).map(([head, given]) => {
    const before = one[head]
    return [
      head,
      before === undefined || isTables(before) || isTables(given) ? given : { ...before, ...given },
    ] as const
  })
  return { ...one, ...Object.fromEntries(heads) }
}

/** The operator's edits of one file, as the last ones of it. */
export function xmlEdits(own: XmlVars | undefined, file: string): readonly XmlEdit[] {
  return (own ?? [])
    .filter((each) => each.file === file)
    .flatMap(({ at, text, append, remove }): readonly XmlEdit[] => {
      if (remove) return [{ at, remove }]
      if (append !== undefined) return [{ at, append }]
      return text === undefined ? [] : [{ at, text: isSecret(text) ? [text] : text }]
    })
}

const bare = (head: string): string => head.replace(/^\[(.*)\]$/, '$1')

type Table = z.output<typeof table>
const isTables = (given: TomlVars[string]): given is Table[] => Array.isArray(given)

const escapedAll = (values: Table): TomlTable['values'] =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, escaped(value)]))

function escaped(value: z.output<typeof setting>): TomlValue {
  if (Array.isArray(value)) return value.map(escaped)
  if (isSecret(value)) return encoded('xml', value)
  return typeof value === 'string' ? escapeXml(value) : value
}
