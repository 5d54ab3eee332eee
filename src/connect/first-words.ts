import type { Duplex } from 'node:stream'

const atMost = 500

/** What a server said before it named its version; '' once it did. To be called when the stream flows. */
export function firstWords(stream: Duplex): () => string {
  let text = ''
  const listen = (bytes: Buffer) => {
    text += bytes.toString('latin1')
    const end = /^SSH-/m.test(text)
    if (end) text = ''
    if (end || text.length > atMost) stream.off('data', listen)
  }
  stream.on('data', listen)
  return () => text.slice(0, atMost)
}

/**
 * Why a server hung up before it spoke SSH, by the line that OpenSSH sends in clear then; undefined where there is none.
 * One that punishes (PerSourcePenalties, OpenSSH 9.8) is not to be called again soon.
 */
export function dropped(words: string): string | undefined {
  if (/^Not allowed at this time/.test(words))
    return 'hung up at once: it answers nobody from here for a while, since logins from here failed (PerSourcePenalties)\nWait some minutes before you try again; on the server, its log says srclimit_penalise, and PerSourcePenaltyExemptList spares this machine.'
  return undefined
}
