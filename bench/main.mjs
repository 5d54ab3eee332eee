// npm run bench [-- engine | transport | ...]: what a part of this costs, beside something that does the same without us.
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'

const known = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.mjs') && file !== 'main.mjs')
  .map((file) => basename(file, '.mjs'))
const [, , name = ''] = process.argv
if (!known.includes(name)) {
  console.error(`bench: expected one of ${known.join(', ')}${name === '' ? '' : `, got "${name}"`}`)
  console.error('Type, for example: npm run bench transport')
  process.exit(2)
}
// Each reads its own arguments as if it had been started by itself.
process.argv.splice(2, 1)
await import(`./${name}.mjs`)
