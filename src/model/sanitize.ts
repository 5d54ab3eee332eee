// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const dangerous = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Remote text made safe to show or log: control characters (but tab and newline), C1 and bidirectional marks become visible escapes. */
export function sanitize(text: string): string {
  return text.replace(dangerous, (mark) => {
    const code = mark.charCodeAt(0)
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`
  })
}
