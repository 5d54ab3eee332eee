import type { On } from '../model/action.ts'
import { type Command, sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { encoded, type Secret, type Text } from '../model/secret.ts'
import { ask, linesOf, readText } from '../modules/target.ts'
import { notEncrypted, unfit, type Vaulted } from './config-secrets.ts'

/** What the secrets of a home are encrypted with: its keystore's password, and the Java that ciphertool runs on. */
export type Encryption = { readonly password?: Secret | undefined; readonly javaHome: string }

/** Which files of a home's configuration hold one of the secrets: lines of a number and a path. */
export type Found = readonly string[]

const forms = ['xml', 'toml', 'properties'] as const
const toml = './deployment.toml'
const numberOf = (line: string): number => Number.parseInt(line, 10)

/**
 * Which files below `repository/conf` hold a secret as it is, or as a file of XML, TOML or properties would have it; `deployment.toml`
 * is not among them, {@link encrypt} proves it alone. Secrets go there by the command's input, and none comes back.
 */
export async function filesWith(on: On, home: string, secrets: readonly Vaulted[]): Promise<Found> {
  const said = await on.must(
    sh.read`cd -- ${`${home}/repository/conf`} || exit
n=0
while IFS= read -r p; do
f=$(printf '%s\n' "$p" | grep -rlaF -f - .); s=$?
[ "$s" -le 1 ] || exit "$s"
[ -z "$f" ] || printf '%s\n' "$f" | sed "s|^|$n |"
n=$((n + 1))
done`,
    {
      stdin: secrets.flatMap(({ secret }) => [
        secret,
        '\n',
        ...forms.flatMap((form) => [encoded(form, secret), '\n']),
      ]),
      timeout: 300,
    },
  )
  const found = linesOf(said).map((line) => {
    const [number = '', ...path] = line.split(' ')
    return `${Math.floor(Number(number) / (forms.length + 1))} ${path.join(' ')}`
  })
  return [...new Set(found)].filter((line) => !line.endsWith(` ${toml}`)).toSorted()
}

/**
 * The vendor's tool in the foreground, as who made the home and with nothing of the caller's environment. It takes the password from its
 * command line, which all can read, from a terminal, or from this property; a Java 8 has no file of properties. A variable of the
 * process is read by its own user alone, as password-tmp is. Java prints the variable, and that line is left out.
 */
const ciphertool = (home: string, javaHome: string): Command =>
  sh`cd -- ${`${home}/bin`} || exit
IFS= read -r p || [ -n "$p" ] || exit 3
p=$(printf '%s' "$p" | sed "s/'/'\"'\"'/g")
said=$(JAVA_TOOL_OPTIONS="-Dkeystore.password='$p'" env -u CARBON_HOME -u CLASSPATH -u JAVA_OPTS -u _JAVA_OPTIONS JAVA_HOME=${javaHome} ./ciphertool.sh -Dconfigure </dev/null 2>&1); code=$?
printf '%s\n' "$said" | sed '/^Picked up /d'
exit "$code"`

/**
 * Encrypts the secrets of a home's `deployment.toml`, which was just `written`, and proves that no file of its configuration holds one;
 * what the pack's own files held `before` is only named. Throws {@link TaskError} with ciphertool's words; the file goes then, so that no secret is left in it.
 */
export async function encrypt(
  on: On,
  home: string,
  { password, javaHome }: Encryption,
  { written, secrets, before }: { written: Text; secrets: readonly Vaulted[]; before: Found },
): Promise<void> {
  const file = `${home}/repository/conf/deployment.toml`
  try {
    const wrong = unfitOf(on, secrets)
    if (wrong.length > 0) throw new TaskError(`secrets of ${file} cannot be encrypted by ciphertool`, wrong)
    if (password === undefined || on.reveal([password]) === '')
      throw new TaskError(
        `${home} on ${on.name}: nothing says the keystore's password: say apim_vault_password in the inventory`,
      )
    const { code, stdout, stderr } = await ask(on, ciphertool(home, javaHome), {
      stdin: [password, '\n'],
      timeout: 300,
    })
    const said = linesOf(`${stdout}\n${stderr}`)
      .filter((line) => !/^\s+(?:at |\.\.\. )/.test(line))
      .slice(-10)
    if (code !== 0)
      throw new TaskError(
        `${home}/bin/ciphertool.sh -Dconfigure on ${on.name} exited ${code}: if it names the keystore, apim_vault_password is not its password`,
        said,
      )
    const plain = notEncrypted(on.reveal(written), await readText(on, file), secrets)
    if (plain.length > 0)
      throw new TaskError(`${home}/bin/ciphertool.sh on ${on.name} ended well, and ${plain.join('; ')}`, said)
    // A word of the pack's own files is in what ciphertool writes too: names of keystores and of classes.
    const words = new Set(before.map(numberOf))
    const left = (await filesWith(on, home, secrets)).filter((line) => !words.has(numberOf(line)))
    if (left.length > 0)
      throw new TaskError(
        `secrets are in plain text below ${home}/repository/conf on ${on.name}`,
        left.map((line) => `${secrets[numberOf(line)]?.alias}: ${line.slice(line.indexOf(' ') + 1)}`),
      )
    for (const number of words)
      on.say(
        `warning: ${secrets[number]?.alias} is a word of the pack's own files: whether one of them has it from here cannot be told`,
      )
  } catch (error) {
    // What was wrong is told, whether or not this can still be done.
    await ask(on, sh`rm -f -- ${file}`).catch(() => undefined)
    throw error
  }
  on.say(`secrets of deployment.toml that are encrypted: ${secrets.length}`)
}

/** Secrets that ciphertool cannot encrypt, and why, by their alias. */
export const unfitOf = (on: Pick<On, 'reveal'>, secrets: readonly Vaulted[]): readonly string[] =>
  secrets.flatMap(({ alias, secret }) => {
    const why = unfit(on.reveal([secret]))
    return why === undefined ? [] : [`${alias}: ${why}`]
  })
