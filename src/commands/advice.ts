import { quote } from '../model/command.ts'

/** An error's text whose advice to look at the inventory names the sources that were typed with `-i`: without them it would show another. */
export function withTypedInventory(message: string, args: readonly string[]): string {
  const typed = typedSources(args)
    .map((source) => ` -i ${/^[\w./:@,+-]+$/.test(source) ? source : quote(source)}`)
    .join('')
  return message.replace(/(upgrade-fleet inventory --graph)$/gm, (advice) => `${advice}${typed}`)
}

function typedSources(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--')
  const words = end === -1 ? args : args.slice(0, end)
  return words.flatMap((word, at) => {
    if (word === '-i' || word === '--inventory') return words[at + 1] ?? []
    return /^(?:-i|--inventory=)(.+)$/.exec(word)?.[1] ?? []
  })
}
