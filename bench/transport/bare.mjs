// The floor: ssh2 and nothing else. bare.mjs TARGET.json COMMANDS shell|exec
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import ssh2 from 'ssh2'

const [, , file, commands, how] = process.argv
const { hosts, port, key, knownHosts } = JSON.parse(readFileSync(file, 'utf8'))
const privateKey = readFileSync(key)
const known = new Map(
  readFileSync(knownHosts, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' '))
    .map(([name, , blob]) => [name, createHash('sha256').update(Buffer.from(blob, 'base64')).digest('hex')]),
)

const ready = ({ address }) =>
  new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    client
      .on('ready', () => resolve(client))
      .on('error', reject)
      .connect({
        // As ours: a small packet does not wait for the answer to the one before.
        sock: connect({ host: address, port, noDelay: true }),
        username: 'root',
        privateKey,
        hostHash: 'sha256',
        hostVerifier: (hash) => hash === known.get(`[${address}]:${port}`),
      })
  })

const exec = (client, command) =>
  new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(error)
      let said = ''
      channel.on('data', (data) => {
        said += data
      })
      channel.stderr.resume()
      channel.on('close', () => resolve(said))
    })
  })

/** One shell; a command's answer ends with a line that says its exit code. */
const shell = (client) =>
  new Promise((resolve, reject) => {
    client.exec('/bin/sh', (error, channel) => {
      if (error) return reject(error)
      let said = ''
      let done = () => {}
      channel.stderr.resume()
      channel.on('data', (data) => {
        said += data
        if (!said.includes('END')) return
        done(said.slice(0, said.indexOf('END')))
        said = ''
      })
      resolve((command) => {
        const answer = new Promise((tell) => {
          done = tell
        })
        channel.write(`${command}; echo END $?\n`)
        return answer
      })
    })
  })

await Promise.all(
  hosts.map(async (host) => {
    const client = await ready(host)
    const ask = how === 'shell' ? await shell(client) : (command) => exec(client, command)
    for (let turn = 0; turn < Number(commands); turn += 1)
      if ((await ask(`echo ${turn}`)).trim() !== String(turn)) throw new Error('another answer')
    client.end()
  }),
)
