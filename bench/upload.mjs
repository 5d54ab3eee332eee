// One large upload beside scp's, in turns, medians: npm run bench upload [-- --megabytes 200 --rounds 7 --directory /dev/shm].
// Needs root. It measures and judges nothing.
import { parseArgs } from 'node:util'
import { upload } from './upload/measure.mjs'

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '7' },
    directory: { type: 'string', default: '/dev/shm' },
  },
})
const [megabytes, rounds] = [Number(values.megabytes), Number(values.rounds)]
const say = (text) => process.stdout.write(`${text}\n`)
const median = await upload({ megabytes, rounds, directory: values.directory, say })
for (const [name, took] of Object.entries(median))
  say(`${name}: median ${took.toFixed(2)} s, ${Math.round((megabytes * 1.048576) / took)} MB/s`)
