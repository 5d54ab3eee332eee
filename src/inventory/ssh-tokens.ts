/** What the tokens of ssh_config stand for. */
export interface SshTokens {
  /** %h: the machine's name or address; %n: as it was asked for. */
  readonly host: string
  readonly original: string
  readonly port: number
  /** %r: who logs in; %u, %i, %d: who runs this, their number and home. */
  readonly user: string
  readonly localUser: string
  readonly uid: number | undefined
  readonly home: string
  /** %l and %L: this machine, whole and up to its first dot. */
  readonly localHost: string
  /** %k: the name that the host key is looked up by. */
  readonly keyAlias: string
}

/** Puts in what `%h` and its like stand for, of those letters that are allowed. What is wrong with another is returned as a sentence. */
export function withTokens(
  text: string,
  allowed: string,
  tokens: SshTokens,
): { readonly text: string } | { readonly wrong: string } {
  const letters: Readonly<Record<string, string | undefined>> = {
    '%': '%',
    h: tokens.host,
    n: tokens.original,
    p: String(tokens.port),
    r: tokens.user,
    u: tokens.localUser,
    i: tokens.uid === undefined ? undefined : String(tokens.uid),
    d: tokens.home,
    l: tokens.localHost,
    L: tokens.localHost.replace(/\..*/s, ''),
    k: tokens.keyAlias,
  }
  let wrong: string | undefined
  const result = text.replace(/%(.?)/gs, (token, letter: string) => {
    const value = letter === '%' || allowed.includes(letter) ? letters[letter] : undefined
    if (letter === '' || value === undefined) {
      wrong ??= `the token ${token} is not understood here; expected one of ${[...allowed].map((one) => `%${one}`).join(' ')} or %%`
    }
    return value ?? ''
  })
  return wrong === undefined ? { text: result } : { wrong }
}

/** Puts in environment variables written `${NAME}`; a missing one is named as `wrong`. */
export function withEnvironment(
  text: string,
  env: (name: string) => string | undefined,
): { readonly text: string } | { readonly wrong: string } {
  let wrong: string | undefined
  const result = text.replace(/\$\{([^}]*)\}/g, (_all, name: string) => {
    const value = env(name)
    if (value === undefined) wrong ??= `the environment has no ${name}`
    return value ?? ''
  })
  return wrong === undefined ? { text: result } : { wrong }
}
