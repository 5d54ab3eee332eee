import type { Command } from 'commander'
import type { Io } from '../model/io.ts'

/** A command as the help lists it. Its code is loaded only when it is called. */
export interface Entry {
  readonly name: string
  /** What follows the name in the help, such as `<playbook.ts>`. */
  readonly usage?: string
  readonly summary: string
  readonly load: () => Promise<(io: Io) => Command>
}

/** All commands, in the order of the help. */
export const entries: readonly Entry[] = []
