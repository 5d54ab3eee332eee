import type { z } from 'zod'
import type { Host } from './host.ts'

/** How many hosts a group has and what each of them must say. Made by {@link one}, {@link some}, {@link any}. */
export interface GroupSpec<
  Count extends 'one' | 'some' | 'any' = 'one' | 'some' | 'any',
  S extends z.ZodType = z.ZodType,
> {
  readonly count: Count
  readonly schema: S
}

/** A group of exactly one host: the site has a Host. */
export const one = <S extends z.ZodType>(schema: S): GroupSpec<'one', S> => ({ count: 'one', schema })
/** A group of at least one host: the site has a list that is not empty. */
export const some = <S extends z.ZodType>(schema: S): GroupSpec<'some', S> => ({ count: 'some', schema })
/** A group that may be empty or missing: the site has a list. */
export const any = <S extends z.ZodType>(schema: S): GroupSpec<'any', S> => ({ count: 'any', schema })

const mark = Symbol.for('upgrade-fleet.fleet')

/** The typed shape of an inventory: its groups, and the vars of the whole site. Declared once, in `inventory/fleet.ts`. */
export interface Fleet<
  Groups extends Readonly<Record<string, GroupSpec>> = Readonly<Record<string, GroupSpec>>,
  Vars extends z.ZodType = z.ZodType,
> {
  readonly [mark]: true
  readonly groups: Groups
  readonly vars: Vars
}

/** Declares the fleet. Group names are those of the inventory; `all` and `vars` are taken. */
export function defineFleet<
  const Groups extends Readonly<Record<string, GroupSpec>>,
  Vars extends z.ZodType,
>(shape: {
  readonly groups: Groups & { readonly all?: never; readonly vars?: never }
  readonly vars: Vars
}): Fleet<Groups, Vars> {
  return { [mark]: true, groups: shape.groups, vars: shape.vars }
}

/** Whether a value is a {@link Fleet}, whichever copy of this package made it. */
export function isFleet(value: unknown): value is Fleet {
  return typeof value === 'object' && value !== null && mark in value
}

type Hosts<G> =
  G extends GroupSpec<infer Count, infer S>
    ? Count extends 'one'
      ? Host<z.output<S>>
      : Count extends 'some'
        ? readonly [Host<z.output<S>>, ...Host<z.output<S>>[]]
        : readonly Host<z.output<S>>[]
    : never

/** The inventory as a playbook sees it: each group's hosts with typed vars, `all` of them, and the site's own vars. */
export type Site<F extends Fleet = Fleet> =
  F extends Fleet<infer Groups, infer Vars>
    ? { readonly [G in keyof Groups]: Hosts<Groups[G]> } & {
        /** Every host that is in a declared group, once, with its merged vars as its first group types them. */
        readonly all: readonly Host<z.output<Groups[keyof Groups]['schema']>>[]
        readonly vars: z.output<Vars>
      }
    : never
