import type { PatternQuestion } from '../../support/ansible-inventory.ts'

/** A file of an inventory: its text, or a program's with its mode. */
export type CaseFile = string | { readonly text: string | Buffer; readonly mode: number }

/** An inventory that Ansible and we read. */
export interface Case {
  readonly name: string
  readonly files: Readonly<Record<string, CaseFile>>
  readonly sources: readonly string[]
  readonly playbookDir?: string
  readonly patterns?: readonly (string | PatternQuestion)[]
}
