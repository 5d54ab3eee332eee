/** A deadline for the other side, which stands still while somebody on this side is waited for. */
export interface Deadline {
  /** Stops it until what is given back is called. */
  pause(): () => void
  /** Whether it stands still. */
  paused(): boolean
  end(): void
}

/** Strikes once, after so many milliseconds in which it did not stand still. */
export function deadline(milliseconds: number, strike: () => void): Deadline {
  let left = milliseconds
  let since = performance.now()
  let pauses = 0
  let timer: NodeJS.Timeout | undefined = setTimeout(strike, left)
  let ended = false
  return {
    pause: () => {
      pauses += 1
      if (pauses === 1) {
        clearTimeout(timer)
        left -= performance.now() - since
      }
      let over = false
      return () => {
        if (over) return
        over = true
        pauses -= 1
        if (pauses > 0 || ended) return
        since = performance.now()
        timer = setTimeout(strike, Math.max(1, left))
      }
    },
    paused: () => pauses > 0,
    end: () => {
      ended = true
      clearTimeout(timer)
    },
  }
}
