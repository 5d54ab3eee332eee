import semver from 'semver'

/** What a JVM says of itself, read out of `java -version`. */
export type JavaVersion = {
  /** As it says it: `1.8.0_412`, `17.0.15`, `21-ea`. */
  readonly version: string
  /** The release that people name: 8 for `1.8.0_412`. */
  readonly release: number
  /** For comparing: `8.0.412`, `17.0.15`, `21.0.0-ea`. A fourth number is left out. */
  readonly comparable: string
  /** Whether it is an early-access or internal build. */
  readonly early: boolean
  /** Whose build it is, as far as its lines tell; `OpenJDK` where nobody else is named. */
  readonly vendor: string
  /** `HotSpot`, `OpenJ9`, `J9` (IBM's own), or the third line's words. */
  readonly vm: string
}

/**
 * Reads what `java -version` printed, whatever stands around it ("Picked up JAVA_TOOL_OPTIONS"); undefined where no line says a
 * version. The scheme up to 8 is `1.RELEASE.0_UPDATE`; from 9 on it is JEP 223's (and 322's).
 */
export function versionOf(said: string): JavaVersion | undefined {
  const lines = said.split(/\r?\n/)
  const at = lines.findIndex((line) => /^(?:java|openjdk)(?: full)? version "/.test(line))
  const version = /version "([^"]*)"/.exec(lines[at] ?? '')?.[1]
  if (version === undefined) return undefined
  const comparable = comparableOf(version)
  if (comparable === undefined) return undefined
  const rest = lines.slice(at + 1)
  const runtime = rest.find((line) => /Runtime Environment|^Java\(TM\)/.test(line)) ?? ''
  const machine = rest.find((line) => /\bVM\b/.test(line)) ?? ''
  return {
    version,
    release: semver.major(comparable),
    comparable,
    early: semver.prerelease(comparable) !== null,
    vendor: vendorOf(lines[at] ?? '', runtime, machine),
    vm: vmOf(machine),
  }
}

/** A version as Java says it, as one that can be compared; undefined where it is none. */
export function comparableOf(version: string): string | undefined {
  const [, numbers = '', update, word] =
    /^(\d+(?:\.\d+)*)(?:_(\d+))?(?:-([A-Za-z][\w.]*))?/.exec(version) ?? []
  if (numbers === '') return undefined
  const parts = numbers.split('.').map(Number)
  const [release = 0, minor = 0, patch = 0] = parts[0] === 1 && parts.length > 1 ? parts.slice(1) : parts
  const early = word !== undefined && /^(?:ea|internal|beta|rc)/i.test(word) ? `-${word.toLowerCase()}` : ''
  return (
    semver.valid(`${release}.${minor}.${update === undefined ? patch : Number(update)}${early}`) ?? undefined
  )
}

/**
 * A range in semver's words, in which versions up to 8 may be written as Java writes them: `>=1.8.0_252 <9` is `>=8.0.252 <9`.
 * Throws a {@link TypeError} for one that is none.
 */
export function rangeOf(range: string): string {
  const said = range.replace(
    /(?<![\d._])1\.(\d+)(\.\d+)?(?:_(\d+))?(?![\d.])/g,
    (_whole, release: string, minor: string = '', update?: string) =>
      update === undefined
        ? `${release}${minor}`
        : `${release}${minor === '' ? '.0' : minor}.${Number(update)}`,
  )
  const valid = semver.validRange(said)
  if (valid === null)
    throw new TypeError(`"${range}" is no range of versions; write it as ">=8.0.252 <9", or "17".`)
  return valid
}

/** Whether a version is in a range made by {@link rangeOf}. Early builds are in none that does not name one. */
export const isIn = (java: JavaVersion, range: string): boolean => semver.satisfies(java.comparable, range)

function vendorOf(first: string, runtime: string, machine: string): string {
  const named =
    /Corretto|Zulu|Temurin|Semeru|SapMachine|GraalVM|Liberica|Microsoft|AdoptOpenJDK|Red_Hat/.exec(runtime)
  if (named !== null) return named[0].replace('_', ' ')
  if (/\bIBM J9\b/.test(machine)) return 'IBM'
  const build = /Debian|[Uu]buntu/.exec(`${runtime} ${machine}`)
  if (build !== null) return build[0] === 'Debian' ? 'Debian' : 'Ubuntu'
  return first.startsWith('java ') ? 'Oracle' : 'OpenJDK'
}

function vmOf(machine: string): string {
  if (/OpenJ9/.test(machine)) return 'OpenJ9'
  if (/\bJ9\b/.test(machine)) return 'J9'
  if (/HotSpot|OpenJDK .*VM/.test(machine)) return 'HotSpot'
  return machine.replace(/ \(build.*$/, '').trim()
}
