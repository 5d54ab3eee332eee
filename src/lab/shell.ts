import type { Shell } from 'zx'

/** zx's shell, loaded when it is first used, that prints nothing by itself. */
export async function shell(): Promise<Shell> {
  const { $ } = await import('zx')
  return $({ quiet: true })
}
