import type { Open } from './databases.ts'
import type { Server } from './server.ts'

/** Clients that run while the server starts. */
export async function earlyClients(_server: Server, _databases: Open): Promise<void> {}

/** Clients that run when it has started. */
export async function lateClients(_server: Server, _databases: Open): Promise<void> {}
