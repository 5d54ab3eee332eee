import { z } from 'zod'
import { InputError } from '../model/errors.ts'
import type { InventoryGroup, InventoryHost } from '../model/inventory.ts'
import { fromPlain, type Json, toPlain } from '../model/json.ts'
import type { MachineIdentity } from '../model/machine-identity.ts'
import { digestOf } from './digest.ts'

/** A task of a stored plan: what was decided, by digest and readable. */
export interface PlanTask {
  readonly task: string
  readonly does: 'observe' | 'change' | 'skip' | 'later'
  /** `would change`, `no change`, `unknown`; `observed` and `skipped` are no changes at all. */
  readonly word: 'observed' | 'would change' | 'no change' | 'unknown' | 'skipped'
  /** What must happen before an unknown one is known. */
  readonly until?: string
  readonly why?: string
  /** It is done once for the hosts of this scope, by whichever comes first. */
  readonly once?: 'play' | 'wave'
  /** The machine that it is done over, where that is another than its host's. */
  readonly over?: string
  /** As whom it is done, where the playbook says so. */
  readonly as?: string
  readonly module?: string
  /** SHA-256 of the input's canonical text. */
  readonly input_digest?: string
  readonly input?: Json
  /** `itself`, `restored` or `never`. */
  readonly back?: string
  readonly restored_by?: readonly string[]
}

/** A wave or a gate of a stored plan. */
export type PlanPart =
  | {
      readonly kind: 'wave'
      readonly play: string
      readonly wave: number
      readonly of: number
      readonly hosts: readonly string[]
      readonly stops_at: number | null
      readonly tasks: readonly PlanTask[]
    }
  | { readonly kind: string; readonly name: string; readonly text: string; readonly ends: boolean }

/** What was observed when a plan was made: a task's output, by digest and readable. */
export interface PlanFact {
  readonly task: string
  readonly digest: string
  readonly output?: Json
}

/** Whom a plan's tasks become by what was typed, where the variables of a host do not say; the words of run.json. */
export type PlanBecome = {
  readonly become?: boolean
  readonly becomeUser?: string
  readonly becomeMethod?: 'sudo' | 'su' | 'doas'
}

/** A plan as a value: what would be done, and everything that it rests on. Version 1. */
export interface PlanDocument {
  readonly format: 1
  readonly tool: string
  readonly made: string
  /** Of the digests that stand in place of secrets. */
  readonly salt: string
  readonly playbook: { readonly name: string; readonly file: string; readonly digest: string }
  readonly inventory: {
    readonly sources: readonly string[]
    readonly digest: string
    readonly hosts: readonly Pick<InventoryHost, 'name' | 'groups' | 'vars'>[]
    readonly groups: readonly Pick<InventoryGroup, 'name' | 'hosts' | 'vars'>[]
  }
  readonly artifacts: { readonly digest: string; readonly list: Json }
  readonly selection: {
    readonly digest: string
    readonly limit: string | null
    /** The `-e` as they were given, files by absolute path; and what they came to. */
    readonly given: readonly string[]
    readonly extra_vars: Readonly<Record<string, Json>>
    /** `-b` and its companions, if any was given; plans of older versions do not say. */
    readonly become?: PlanBecome
  }
  /** Whether nobody was asked: then it rests on no fact. */
  readonly offline: boolean
  readonly facts: readonly PlanFact[]
  /** The machines that names meant when they were asked. */
  readonly machines?: Readonly<Record<string, MachineIdentity>>
  readonly parts: readonly PlanPart[]
  readonly point_of_no_return: string | null
  /** What observing found wrong; a plan with findings is not run. */
  readonly findings: readonly { readonly task: string; readonly message: string }[]
  /** SHA-256 over all of the above: a plan that was edited is none. */
  readonly digest: string
}

/** A plan with its own digest. */
export const sealed = (plan: Omit<PlanDocument, 'digest'>): PlanDocument => ({
  ...plan,
  digest: sealOf(plan),
})

function sealOf(plan: Omit<PlanDocument, 'digest'>): string {
  const { digest: _, ...rest } = plan as PlanDocument
  return digestOf(rest as unknown as Json)
}

const text = z.string()
const json = z.unknown()
const digest = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256')
const vars = z.record(z.string(), json)
const task = z.object({
  task: text,
  does: z.enum(['observe', 'change', 'skip', 'later']),
  word: z.enum(['observed', 'would change', 'no change', 'unknown', 'skipped']),
  until: text.optional(),
  why: text.optional(),
  once: z.enum(['play', 'wave']).optional(),
  over: text.optional(),
  as: text.optional(),
  module: text.optional(),
  input_digest: digest.optional(),
  input: json.optional(),
  back: text.optional(),
  restored_by: z.array(text).optional(),
})
const wave = z.object({
  kind: z.literal('wave'),
  play: text,
  wave: z.number(),
  of: z.number(),
  hosts: z.array(text),
  stops_at: z.number().nullable(),
  tasks: z.array(task),
})
const shape = z.object({
  format: z.literal(1),
  tool: text,
  made: text,
  salt: text,
  playbook: z.object({ name: text, file: text, digest }),
  inventory: z.object({
    sources: z.array(text),
    digest,
    hosts: z.array(z.object({ name: text, groups: z.array(text), vars })),
    groups: z.array(z.object({ name: text, hosts: z.array(text), vars })),
  }),
  artifacts: z.object({ digest, list: json }),
  selection: z.object({
    digest,
    limit: text.nullable(),
    given: z.array(text),
    extra_vars: vars,
    become: z
      .object({
        become: z.boolean().optional(),
        becomeUser: text.optional(),
        becomeMethod: z.enum(['sudo', 'su', 'doas']).optional(),
      })
      .optional(),
  }),
  offline: z.boolean(),
  facts: z.array(z.object({ task: text, digest, output: json.optional() })),
  machines: z
    .record(text, z.object({ id: text.optional(), boot: text.optional(), key: text.optional() }))
    .optional(),
  parts: z.array(z.union([wave, z.object({ kind: text, name: text, text, ends: z.boolean() })])),
  point_of_no_return: text.nullable(),
  findings: z.array(z.object({ task: text, message: text })),
  digest,
})

// A terminal may be what reads this.
const risky = /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** A plan as the text of a file: JSON with a line for each value, secrets by name, marks that a terminal obeys escaped. */
export function planText(plan: PlanDocument): string {
  const text = JSON.stringify(toPlain(plan as unknown as Json), undefined, 1)
  return `${text.replace(risky, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}

/** Reads a plan's text; an InputError says why it is none of ours, naming the file, and what to type `again`. */
export function readPlan(
  file: string,
  content: string,
  again = 'Make it anew: upgrade-fleet plan PLAYBOOK --out FILE',
): PlanDocument {
  const data = parsed(content)
  const format = (data as { readonly format?: unknown } | undefined)?.format
  if (typeof format === 'number' && format !== 1)
    throw new InputError(`${file}: expected a plan of format 1, got format ${format}`, again)
  const read = shape.safeParse(data)
  if (read.success) {
    const plan = fromPlain(data) as unknown as PlanDocument
    if (sealOf(plan) === plan.digest) return plan
    throw new InputError(`${file}: expected a plan as this tool wrote it, got one that was edited`, again)
  }
  const [issue] = read.error.issues
  const place = issue === undefined || issue.path.length === 0 ? '' : ` ${issue.path.join('.')}:`
  throw new InputError(
    `${file}:${place} expected a plan that this tool wrote, got ${issue?.message ?? 'something else'}`,
    again,
  )
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return undefined
  }
}
