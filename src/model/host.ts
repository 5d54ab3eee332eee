/** A thing reached through a host (a database, a gateway tree, a tenant): anything with a name. */
export interface Thing {
  readonly name: string
}

/** A machine of the inventory, or a thing reached `via` one, with typed vars. */
export interface Host<out Vars = unknown> {
  readonly name: string
  readonly groups: readonly string[]
  readonly vars: Vars
  /** The machine through which a thing is reached; its lock and connection are this host's. */
  readonly via?: Host
}

/** Things as hosts of a play: each is worked on over the connection of `host`. Task ids are `play/thing/task`. */
export function via<T extends Thing>(host: Host, things: readonly T[]): readonly Host<T>[] {
  return things.map((thing) => ({ name: thing.name, groups: [], vars: thing, via: host }))
}

/** The machine that a host is, or that a thing is reached through. */
export function machineOf(host: Host): Host {
  return host.via === undefined ? host : machineOf(host.via)
}
