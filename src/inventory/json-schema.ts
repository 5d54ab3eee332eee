import { z } from 'zod'
import type { Fleet, GroupSpec } from '../model/fleet.ts'
import { secretForms, secretMark } from '../model/secret-schema.ts'
import { connectionWords } from './connection-words.ts'
import { connection } from './endpoint.ts'
import { keysOf } from './schema-keys.ts'

/** A JSON Schema, or a part of one. */
export type JsonSchema = { [keyword: string]: unknown }

/** What a schema is for: inventories in YAML, files of `group_vars` and `host_vars`, or `artifacts.yml`. */
export const schemaKinds = ['hosts', 'vars', 'artifacts'] as const

/** One of {@link schemaKinds}. */
export type SchemaKind = (typeof schemaKinds)[number]

const ref = (name: string): JsonSchema => ({ $ref: `#/definitions/${name}` })
const isNull: JsonSchema = { type: 'null' }
const name = { type: 'string' }

/**
 * The JSON Schema (draft 07, which the editors' YAML servers take) of files that a fleet reads. What stands in one file may be completed by
 * another, so nothing is required at its top; what the fleet does not declare is allowed, as it is in an inventory.
 */
export function editorSchema(fleet: Fleet, kind: SchemaKind): JsonSchema {
  const titles = { hosts: 'Inventory', vars: 'Variables of a group or host', artifacts: 'Artefacts' }
  const roots: Record<SchemaKind, () => JsonSchema> = {
    hosts: () => ({
      type: ['object', 'null'],
      properties: { all: ref('group'), ungrouped: ref('group'), ...declared(fleet), plugin: false },
      additionalProperties: ref('group'),
    }),
    vars: () => ({ anyOf: [isNull, ref('vars')] }),
    artifacts: () => ({
      anyOf: [
        ref('artifacts'),
        { type: 'object', properties: { artifacts: ref('artifacts') }, required: ['artifacts'] },
      ],
    }),
  }
  const parts: Record<SchemaKind, () => JsonSchema> = {
    hosts: () => ({ ...shared(fleet), ...tree(fleet) }),
    vars: () => shared(fleet),
    artifacts: () => ({ artifacts: artifactList }),
  }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: `${titles[kind]} of upgrade-fleet`,
    ...roots[kind](),
    definitions: parts[kind](),
  }
}

/** Groups of the tree, as Ansible's YAML inventory has them. */
const tree = (fleet: Fleet): JsonSchema => ({
  group: {
    type: ['object', 'null'],
    properties: {
      hosts: ref('hosts'),
      children: {
        anyOf: [
          name,
          isNull,
          { type: 'object', properties: declared(fleet), additionalProperties: ref('group') },
        ],
      },
      vars: { anyOf: [name, isNull, ref('vars')] },
    },
    additionalProperties: false,
  },
  hosts: {
    description: 'Hosts by name; gw[01:12].example.com stands for twelve.',
    anyOf: [
      name,
      isNull,
      {
        type: 'object',
        propertyNames: { pattern: '^[^-\\s]\\S*$' },
        additionalProperties: { anyOf: [isNull, ref('vars')] },
      },
    ],
  },
})

const counts = { one: 'exactly one host', some: 'at least one host', any: 'any number of hosts' }

/** The groups that the fleet declares. */
const declared = (fleet: Fleet): JsonSchema =>
  Object.fromEntries(
    Object.entries(fleet.groups).map(([group, spec]) => [
      group,
      {
        description: wordsOf(spec),
        allOf: [
          ref('group'),
          ...(spec.count === 'one' ? [{ properties: { hosts: { maxProperties: 1 } } }] : []),
        ],
      },
    ]),
  )

function wordsOf({ count, schema }: GroupSpec): string {
  const { required } = jsonOf(schema)
  const needed = Array.isArray(required) && required.length > 0 ? `; each needs ${required.join(', ')}` : ''
  return `${counts[count]}${needed}`
}

/** What hosts and groups may say: the fleet's own variables, those of connections, and whatever else. */
const shared = (fleet: Fleet): JsonSchema => ({
  secret: {
    description: 'A secret: where its value is, or (not so good) the value.',
    anyOf: [...secretForms().map((form) => jsonOf(form)), { type: 'string', minLength: 1 }],
  },
  template: { description: 'Refers to variables of the same host.', type: 'string', pattern: '\\{\\{|\\{%' },
  vars: { type: 'object', properties: { ...connectionProperties(), ...fleetProperties(fleet) } },
})

function connectionProperties(): JsonSchema {
  const properties = propertiesOf(connection)
  return Object.fromEntries(
    [...properties].map(([key, schema]) => [
      key,
      { description: connectionWords[key], ...templated(schema) },
    ]),
  )
}

function fleetProperties(fleet: Fleet): JsonSchema {
  const found = new Map<string, Map<string, JsonSchema>>()
  for (const schema of [fleet.vars, ...Object.values(fleet.groups).map((spec) => spec.schema)])
    for (const [key, property] of propertiesOf(schema)) {
      const forms = found.get(key) ?? new Map<string, JsonSchema>()
      // The words of the first who declares it stand for all.
      const { description: _, ...form } = property
      const known = JSON.stringify(form)
      forms.set(known, forms.get(known) ?? property)
      found.set(key, forms)
    }
  return Object.fromEntries(
    [...found].map(([key, forms]) => {
      const [first = {}, ...others] = [...forms.values()]
      return [key, templated(others.length === 0 ? first : { anyOf: [first, ...others] })]
    }),
  )
}

// A schema of a map may be made of several, which name their keys each for itself.
function propertiesOf(schema: z.ZodType): ReadonlyMap<string, JsonSchema> {
  const keys = keysOf(schema)
  const properties = new Map<string, JsonSchema>()
  const look = (part: JsonSchema): void => {
    for (const [key, value] of Object.entries((part['properties'] ?? {}) as Record<string, JsonSchema>))
      if (keys === undefined || keys.includes(key)) properties.set(key, value)
    for (const list of ['allOf', 'anyOf', 'oneOf'])
      for (const other of (part[list] ?? []) as JsonSchema[]) look(other)
  }
  look(jsonOf(schema))
  return properties
}

const artifactList: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      name: {
        description: 'The name by which hops ask for it.',
        type: 'string',
        pattern: '^[^\\s/-][^\\s/]*$',
      },
      file: {
        description: 'Where it lies on this machine; relative to this file.',
        type: 'string',
        minLength: 1,
      },
      sha256: { description: 'What sha256sum prints of it.', type: 'string', pattern: '^[0-9a-fA-F]{64}$' },
    },
    required: ['name', 'file', 'sha256'],
    additionalProperties: false,
  },
}

function jsonOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const made: JsonSchema = jsonSchema
      if (made[secretMark] === true) replace(made, ref('secret'))
      // What is turned into a number may be written as text.
      else if ('coerce' in zodSchema._zod.def && zodSchema._zod.def.coerce === true)
        replace(made, { anyOf: [{ ...made }, { type: 'string', pattern: '^\\d+$' }] })
    },
  })
  return portable(json)
}

function replace(made: JsonSchema, by: JsonSchema): void {
  for (const key of Object.keys(made)) delete made[key]
  Object.assign(made, by)
}

const formats = ['date', 'date-time', 'time', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'regex']

/** Without what only JavaScript's own regexes and zod know. */
function portable(value: JsonSchema): JsonSchema
function portable(value: unknown): unknown
function portable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => portable(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      if (key === 'format' && !formats.includes(String(item))) return []
      if (key === 'pattern' && typeof item === 'string')
        return [[key, item.replaceAll('\\p{Cc}', '\\u0000-\\u001f\\u007f-\\u009f')]]
      return [[key, portable(item)]]
    }),
  )
}

/** The same, with a reference to a variable allowed in place of each value in it. */
function templated(schema: JsonSchema): JsonSchema {
  const { description, default: usual, ...rest } = inside(schema)
  const words = {
    ...(description !== undefined && { description }),
    ...(usual !== undefined && { default: usual }),
  }
  if (takesAnyText(rest)) return { ...words, ...rest }
  const alternatives = Object.keys(rest).join() === 'anyOf' ? (rest['anyOf'] as JsonSchema[]) : [rest]
  return { ...words, anyOf: [...alternatives, ref('template')] }
}

const takesAnyText = (schema: JsonSchema): boolean =>
  Object.keys(schema).length === 0 ||
  '$ref' in schema ||
  JSON.stringify(schema['allOf']) === JSON.stringify([ref('secret')]) ||
  (schema['type'] === 'string' && !['pattern', 'enum', 'const'].some((limit) => limit in schema))

function inside(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (key === 'properties') return [key, mapped(value, templated)]
      if ((key === 'items' || key === 'additionalProperties') && isSchema(value))
        return [key, templated(value)]
      if (['anyOf', 'oneOf', 'allOf'].includes(key)) return [key, (value as JsonSchema[]).map(inside)]
      return [key, value]
    }),
  )
}

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null

const mapped = (value: unknown, by: (schema: JsonSchema) => JsonSchema): JsonSchema =>
  Object.fromEntries(
    Object.entries(value as Record<string, JsonSchema>).map(([key, item]) => [key, by(item)]),
  )
