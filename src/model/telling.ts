const telling =
  /pass(word|wd|phrase)?$|^pass(word|wd|phrase)|pass(word|wd|phrase)?_|^pwd$|_pwd$|secret|token|credential|private_?key$|api_?key/i

/** Whether a variable of that name holds, as its name says, a secret. One that names a file has none; under `$secret` stands a name. */
export const isTelling = (name: string): boolean =>
  !name.startsWith('$') && telling.test(name) && !/(file|path)$/i.test(name)
