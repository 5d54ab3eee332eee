import type { Server } from './server.ts'

/** The deployment synchronizer: not yet. */
export async function synchronize(_server: Server): Promise<void> {}
