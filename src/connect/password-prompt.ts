import { quote } from '../model/command.ts'

// As Linux-PAM, OpenSSH and their translations call it. Letters of ASCII are the same in either case.
const words = ['password', 'passwort', 'kennwort', 'mot de passe', 'contraseña', 'senha', 'wachtwoord']
// What is asked for beside a password, or is another one than that of the account.
const others = ['new', 'one-time', 'one time', 'otp', 'code', 'token', 'pin', 'challenge']

/**
 * Whether a server that asks this wants the user's password: `Password:` does, `Verification code:`, `New password:` and
 * `One-time password (OATH):` do not. It asks in so many ways that only what is surely the password counts as one: a
 * password that is given as a code is a failure, and may be shown where codes are.
 */
export function isPasswordPrompt(prompt: string, user: string): boolean {
  const [before = '', ...rest] = prompt.split(` for ${user}`)
  const question = folded(`${before}${rest.join(` for ${user}`).replace(/^@[^:]*:/, ':')}`)
  return (
    !others.some((word) => question.includes(word)) &&
    words.some((word) => new RegExp(`${word}.*:.?$`, 's').test(question))
  )
}

/** The same as words of `/bin/sh`: runs `give` when `$question` is the password's, and goes on when it is not. */
export function passwordPromptScript(user: string, give: string): string {
  const patterns = (all: readonly string[], end: readonly string[]) =>
    all.flatMap((word) => end.map((each) => `*${globbed(word)}${each}`)).join('|')
  return `u=${quote(user)}
case $question in *" for $u"*)
rest=\${question#*" for $u"}
case $rest in @*:*) rest=:\${rest#@*:} ;; esac
question=\${question%%" for $u"*}$rest ;; esac
case $question in
${patterns(others, ['*'])}) ;;
${patterns(words, ['*:', '*:?'])}) ${give} ;;
esac`
}

const folded = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

// As a pattern of the shell, which knows no other way to take both cases.
const globbed = (word: string): string =>
  [...word]
    .map((sign) => (/[a-z]/.test(sign) ? `[${sign}${sign.toUpperCase()}]` : sign === ' ' ? "' '" : sign))
    .join('')
