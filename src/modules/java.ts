import semver from 'semver'
import { type On, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import type { Secret } from '../model/secret.ts'
import { type KeystoreEntry, parseKeystore, weaknesses } from './java/keystore.ts'
import { type JavaVersion, javaIn, parseJavaVersion } from './java/version.ts'
import { ask, linesOf } from './target.ts'

export type { KeystoreEntry } from './java/keystore.ts'
export type { JavaVersion } from './java/version.ts'

/** A Java of a machine: where it is, what it says of itself, and whether it has a compiler. */
export type Java = JavaVersion & { readonly home: string; readonly jdk: boolean }

// Where packages and vendors put them, and who puts a Java under his own hand.
const usual = sh.read`/usr/lib/jvm/* /usr/java/* /opt/java/* /opt/jdk* /opt/jre* /usr/local/java* /usr/local/jdk*`

/**
 * The Javas of a machine: those of the `homes` named, of the usual directories and of PATH, each asked for its version itself,
 * since names of directories lie. Those that do not run are left out.
 *
 * @example
 * java.installed({ homes: ['/opt/jdk1.8.0_292'] })
 */
export const installed = observe(
  'java.installed',
  async (
    on,
    { homes = [] }: { readonly homes?: readonly string[] },
  ): Promise<{
    readonly found: readonly Java[]
  }> => ({ found: await javasOf(on, homes) }),
)

/**
 * A gate: holds when the Java in `home` is in a range of versions, such as `8`, `>=8.0.161 <9` or `8 || 11` (`1.8.0_292` counts as
 * `8.0.292`); an early build is in none. Throws {@link TaskError} naming what is there, and which others of the machine would do.
 *
 * @example
 * java.jdk({ home: '/opt/jdk1.8.0_292', range: '>=8.0.161 <9' })
 */
export const jdk = observe(
  'java.jdk',
  async (on, { home, range }: { readonly home: string; readonly range: string }): Promise<Java> => {
    if (semver.validRange(range) === null)
      throw new TaskError(`"${range}" is no range of Java versions: expected 8, ">=8.0.161 <9" or "8 || 11"`)
    const found = await javasOf(on, [home])
    const wanted = found.find((java) => java.home === home)
    if (wanted !== undefined && javaIn(wanted, range)) return wanted
    const others = found.filter((java) => java.home !== home && javaIn(java, range))
    throw new TaskError(
      `${home} on ${on.name} is ${wanted === undefined ? 'no Java that runs' : `Java ${wanted.version}`}, and Java ${range} is wanted`,
      others.map(({ home: other, version }) => `${other} is Java ${version}`),
    )
  },
)

async function javasOf(on: On, homes: readonly string[]): Promise<readonly Java[]> {
  const said = await on.must(
    sh.read`one() { [ -x "$1/bin/java" ] && [ ! -d "$1/bin/java" ] || return 0
v=$(env -u JAVA_TOOL_OPTIONS -u _JAVA_OPTIONS "$1/bin/java" -version </dev/null 2>&1) || return 0
c=; [ ! -x "$1/bin/javac" ] || c=javac
printf 'home %s\ncompiler %s\n%s\n' "$1" "$c" "$v"; }
for h in ${homes}; do one "$h"; done
for h in ${usual}; do [ -L "$h" ] || one "$h"; done
p=$(command -v java 2>/dev/null) && p=$(readlink -f -- "$p") && one "$(dirname -- "$(dirname -- "$p")")"; :`,
    { timeout: 120 },
  )
  const found = new Map<string, Java>()
  for (const part of said.split(/^home /m).slice(1)) {
    const [home = '', compiler = '', ...rest] = part.split('\n')
    const version = parseJavaVersion(rest.join('\n'))
    if (version !== undefined && !found.has(home))
      found.set(home, { home, jdk: compiler === 'compiler javac', ...version })
  }
  return [...found.values()]
}

/** A keystore of a machine, and who opens it: its password goes to keytool by its input alone. */
export type KeystoreInput = {
  readonly path: string
  /** A text only where it is nobody's secret: that of the packs. */
  readonly password: Secret | string
  /** The Java whose keytool is used; that of PATH unless named. */
  readonly home?: string | undefined
  /** `JKS`, `PKCS12`, `JCEKS`; found out unless named. */
  readonly type?: string | undefined
}

/**
 * What a keystore holds: names, kinds, key sizes, validity in UTC, fingerprints. It prints no password, and no key leaves the machine.
 *
 * @example
 * java.keystore({ path: '/srv/app/wso2carbon.jks', password: secret('env:KEYSTORE') })
 */
export const keystore = observe(
  'java.keystore',
  async (on, input: KeystoreInput): Promise<{ readonly entries: readonly KeystoreEntry[] }> => ({
    entries: await entriesOf(on, input),
  }),
)

/**
 * A gate: holds when each private key of a keystore has at least `bits` (2048; RSA and DSA) and its certificate holds for `days` (30) more.
 *
 * @example
 * java.strong({ path: '/srv/app/wso2carbon.jks', password: secret('env:KEYSTORE'), days: 90 })
 */
export const strong = observe(
  'java.strong',
  async (
    on,
    {
      bits = 2048,
      days = 30,
      ...input
    }: KeystoreInput & {
      /** The least bits of a private key; default 2048. */
      readonly bits?: number
      /** How many days its certificate must hold; default 30. */
      readonly days?: number
    },
  ): Promise<{ readonly entries: readonly KeystoreEntry[] }> => {
    const entries = await entriesOf(on, input)
    const wrong = weaknesses(entries, { bits, days, now: new Date() })
    if (wrong.length > 0) throw new TaskError(`${input.path} on ${on.name} is not fit for use`, wrong)
    return { entries }
  },
  // How long a certificate still holds moves by itself.
  { steady: ({ entries }) => entries.map(({ alias, fingerprint = null }) => ({ alias, fingerprint })) },
)

/** A password that is the first line of a file of the machine, and stays there. */
export type PasswordFile = { readonly file: string }

/** What a keystore of a machine holds. Throws {@link TaskError} saying why where it cannot be opened. */
export async function entriesOf(
  on: On,
  {
    path,
    password,
    home,
    type,
  }: Omit<KeystoreInput, 'password'> & { readonly password: KeystoreInput['password'] | PasswordFile },
): Promise<readonly KeystoreEntry[]> {
  const [typed, file] =
    typeof password === 'object' && 'file' in password ? [undefined, password.file] : [password, undefined]
  // keytool takes an empty line for no password, and lists a store that it has not checked.
  if (typed !== undefined && on.reveal([typed]) === '')
    throw new TaskError(`${path} on ${on.name} cannot be opened: its password is empty`)
  const fed =
    file === undefined
      ? sh.read``
      : sh.read`p=$(head -n 1 -- ${file}) && [ -n "$p" ] || { echo 'it is an empty password, or a file that cannot be read' >&2; exit 126; }
printf '%s\n' "$p" | `
  const tool = home === undefined ? 'keytool' : `${home}/bin/keytool`
  const lines: string[] = []
  const { code, stdout, stderr } = await ask(
    on,
    sh.read`command -v ${tool} >/dev/null || { echo 'there is no keytool' >&2; exit 127; }
[ -f ${path} ] && [ -r ${path} ] || { echo 'it is no file that can be read' >&2; exit 126; }
${fed}env -u JAVA_TOOL_OPTIONS -u _JAVA_OPTIONS ${tool} -J-Duser.language=en -J-Duser.country=US -list -rfc -keystore ${path}${type === undefined ? sh.read`` : sh.read` -storetype ${type}`}`,
    {
      ...(typed !== undefined && { stdin: [typed, '\n'] }),
      timeout: 120,
      onLine: (line, stream) => {
        if (stream === 'stdout') lines.push(line)
      },
    },
  )
  if (code === 0) return parseKeystore(`${lines.join('\n')}\n`)
  const why =
    linesOf(`${stdout}\n${stderr}`).find((line) => /^keytool error|^there is|^it is/.test(line)) ?? ''
  const wrong = /tampered with|password was incorrect|mac invalid/i.test(why)
    ? 'its password is another one, or it is damaged'
    : /[Ii]nvalid keystore format|Unrecognized keystore format/.test(why)
      ? 'it is no keystore, or one of another type: say `type`'
      : why.replace(/^keytool error: (?:[\w.]+: )*/, '') || `keytool exited ${code}`
  throw new TaskError(`${path} on ${on.name} cannot be opened: ${wrong}`)
}
