import semver from 'semver'

/** What `java -version` says: `1.8.0_292` is feature 8, update 292; `semver` is `8.0.292`, which ranges are held against. */
export type JavaVersion = {
  readonly version: string
  readonly feature: number
  readonly semver: string
  /** The line that names the virtual machine. */
  readonly vm: string
}

/**
 * Reads what `java -version` prints, of any vendor from 1.5 on; undefined where it names no version. Up to 8 a version is
 * `1.FEATURE.0_UPDATE`, since 9 `FEATURE.INTERIM.UPDATE` (JEP 223, JEP 322), with `-ea` or `-internal` behind for what is no release.
 */
export function parseJavaVersion(said: string): JavaVersion | undefined {
  const lines = said.split(/\r?\n/)
  // What comes before may be "Picked up JAVA_TOOL_OPTIONS: ...".
  const at = lines.findIndex((line) => /^\S+ version "/.test(line))
  const version = /^\S+ version "([^"]+)"/.exec(lines[at] ?? '')?.[1]
  if (version === undefined) return undefined
  const vm = (lines[at + 2] ?? '').trim()
  const [, number = '', update, early] = /^([\d.]+)(?:_(\d+))?(?:-b\d+)?(?:-([a-z]+))?/i.exec(version) ?? []
  const parts = number.split('.').map(Number)
  const [feature = Number.NaN, interim = 0, last = 0] =
    parts[0] === 1 && parts.length > 1 ? [parts[1], 0, Number(update ?? 0)] : parts
  if (!Number.isSafeInteger(feature) || feature < 1) return undefined
  const whole = `${feature}.${interim}.${last}${early === undefined ? '' : `-${early.toLowerCase()}`}`
  return semver.valid(whole) === null ? undefined : { version, feature, semver: whole, vm }
}

/** Whether a version is in a range such as `8`, `>=8.0.161 <9` or `8 || 11`; what is no release is in none. */
export const javaIn = ({ semver: version }: JavaVersion, range: string): boolean =>
  semver.satisfies(version, range)
