import { setTimeout as pause } from 'node:timers/promises'

/** Asks again until something holds; fails, naming it, when it does not within some seconds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  seconds = 15,
): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`It did not come within ${seconds} seconds: ${what}`)
    await pause(10)
  }
}
