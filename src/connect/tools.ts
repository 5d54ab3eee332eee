/**
 * Lines that end a script with 127 unless the machine has these programs, naming those that are missing. They stand before
 * the first that does anything, and cost no process.
 */
export const needs = (...programs: readonly string[]): string =>
  `n=; for p in ${programs.join(' ')}; do command -v "$p" >/dev/null 2>&1 || n="$n $p"; done
[ -z "$n" ] || { printf '%s\\n' "this machine lacks what is needed here:$n (PATH is $PATH)" >&2; exit 127; }`
