import { type On, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import type { Secret } from '../model/secret.ts'
import { findJavas, type Java, type Looked } from './java/find.ts'
import { type Entry, findingsOf, type Limits, type Listing, listingOf, refusalOf } from './java/keystore.ts'
import { isIn, rangeOf } from './java/version.ts'
import { ask } from './target.ts'

export type { Entry, Java }

/**
 * The Javas of a machine: those under the homes `among`, else JAVA_HOME's, that of PATH, and those in the usual directories. Each
 * is started once (`java -version`). What looks like one and does not start is in `broken`.
 */
export const installed = observe(
  'java.installed',
  (on, { among }: { readonly among?: readonly string[] }): Promise<Looked> => findJavas(on, among),
)

/** Which Java is wanted. */
export type Wanted = {
  /**
   * A release (`8`, `17`), a version as Java says it (`1.8.0_412`), or a range (`>=8.0.252 <9`, `8 || 11`, `>=1.8.0_252 <1.9`). An
   * early-access build is in no range that does not name one.
   */
  readonly version: number | string
  /** Homes to choose from; default all that {@link installed} finds. */
  readonly among?: readonly string[]
  /** Whether one without a compiler will do. */
  readonly jre?: boolean
}

/** The first Java that is of a version; fails with all that were found where none is. */
export const jdk = observe('java.jdk', async (on, { version, among, jre = false }: Wanted): Promise<Java> => {
  const range = rangeOf(String(version))
  const { javas, broken } = await findJavas(on, among)
  const found = javas.find((java) => isIn(java, range) && (jre || java.jdk))
  if (found !== undefined) return found
  const what = `no ${jre ? 'Java' : 'JDK'} ${version} on ${on.name}`
  const lines = [
    ...javas.map(
      ({ home, version: has, vendor, jdk: compiles }) =>
        `${home}: ${has} (${vendor})${compiles ? '' : ', no compiler'}`,
    ),
    ...broken.map(({ home, said }) => `${home}: ${said || 'it says no version'}`),
  ]
  throw new TaskError(
    lines.length === 0
      ? `${what}, nor any other (looked at JAVA_HOME, PATH and the usual directories)`
      : `${what}; found:`,
    lines,
  )
})

/** A keystore and how it is opened. */
export type Store = {
  readonly path: string
  readonly password: Secret
  /** `JKS`, `PKCS12`, `JCEKS`; default: what its first bytes say. */
  readonly type?: string
  /** The Java whose `keytool` reads it; default the first that is there. */
  readonly java?: string
}

/**
 * What a keystore holds, read by the machine's own `keytool`: aliases, kinds, algorithms, sizes, dates in UTC, SHA-256. The password
 * goes by standard input. Fails with what is wrong where it cannot be opened.
 */
export const keystore = observe('java.keystore', (on, input: Store): Promise<Listing> => read(on, input))

/** A gate: the keys of a keystore are large enough and valid long enough. All that does not hold is told at once. */
export const keystoreHolds = observe(
  'java.keystoreHolds',
  async (on, { aliases, bits, days, ...store }: Store & Limits): Promise<Listing> => {
    const listing = await read(on, store)
    const limits = {
      ...(aliases && { aliases }),
      ...(bits !== undefined && { bits }),
      ...(days !== undefined && { days }),
    }
    const findings = findingsOf(listing.entries, limits, new Date())
    if (findings.length > 0)
      throw new TaskError(`the keystore ${store.path} on ${on.name} does not do:`, findings)
    return listing
  },
)

const missing = 66
const unreadable = 67
const noTool = 69

async function read(on: On, { path, password, type = '', java = '' }: Store): Promise<Listing> {
  const where = `the keystore ${path} on ${on.name}`
  const value = on.reveal([password])
  // keytool takes an empty line for no password, and lists the store without having checked it.
  if (value === '')
    throw new TaskError(
      `${where}: the secret "${password.name}" is empty, and without a password nothing is checked`,
    )
  if (/[\r\n]/.test(value))
    throw new TaskError(
      `${where}: the secret "${password.name}" has a line end in it, which keytool cannot be given`,
    )
  const { code, stdout, stderr, truncated } = await ask(
    on,
    sh.read`unset JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS
s=${path}; t=${type}; j=${java}
[ -e "$s" ] || exit ${missing}; [ -f "$s" ] && [ -r "$s" ] || exit ${unreadable}
if [ -n "$j" ]; then k=$j/bin/keytool; [ -x "$k" ] || k=$j/jre/bin/keytool
else k=; [ -z "$JAVA_HOME" ] || k=$JAVA_HOME/bin/keytool; [ -x "$k" ] || k=$(command -v keytool) || for d in /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/*; do [ ! -x "$d/bin/keytool" ] || { k=$d/bin/keytool; break; }; done; fi
[ -x "$k" ] || exit ${noTool}
if [ -z "$t" ]; then case $(od -An -tx1 -N4 -- "$s" 2>/dev/null | tr -d ' \n') in feedfeed) t=JKS;; cececece) t=JCEKS;; 30*) t=PKCS12;; esac; fi
set -- -list -rfc -keystore "$s"; [ -z "$t" ] || set -- "$@" -storetype "$t"
LC_ALL=C.UTF-8 exec "$k" -J-Dfile.encoding=UTF-8 -J-Duser.language=en -J-Duser.country=US "$@"`,
    { stdin: [password, '\n'] },
  )
  if (code === missing) throw new TaskError(`${where}: there is no such file`)
  if (code === unreadable)
    throw new TaskError(`${where}: it is no file that may be read by who logs in (\`become\`?)`)
  if (code === noTool)
    throw new TaskError(
      `${where}: no keytool is there to read it ${java === '' ? '(JAVA_HOME, PATH, the usual directories)' : `in ${java}`}`,
    )
  if (code !== 0)
    throw new TaskError(
      `${where}: ${refusalOf(`${stderr.replace(/^Enter keystore password:/, '')}\n${stdout}`)}`,
    )
  if (truncated) throw new TaskError(`${where}: it has more than can be listed here`)
  return listingOf(stdout)
}
