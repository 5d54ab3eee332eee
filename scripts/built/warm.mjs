// Runs a small playbook on this machine with the engine that was just built, then keeps what V8 compiled for it: warm.mjs DIST.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const dist = process.argv[2]
const { codeFile, engine, script } = await import(pathToFileURL(join(dist, 'engine.js')).href)
const folder = mkdtempSync(join(tmpdir(), 'upgrade-fleet-warm-'))
const at = (name) => join(folder, name)

writeFileSync(
  at('playbook.ts'),
  `import { change, defineFleet, play, playbook, sh, some, z } from 'upgrade-fleet'
const fleet = defineFleet({ groups: { here: some(z.object({ turns: z.number() })) }, vars: z.object({}) })
const turn = change('turn', { apply: async (on, { at }: { at: number }) => on.must(sh\`true \${at}\`), undo: async () => {} })
export default playbook('warm', { fleet }, (site) => [
  play('turns', site.here).each('turn', [1, 2, 3], ({ item }) => turn({ at: item })),
])
`,
)
const vars = { ansible_connection: 'local', upgrade_fleet_dir: at('work'), turns: 3 }
writeFileSync(at('hosts.json'), JSON.stringify({ here: { hosts: { me: vars } } }))

process.on('exit', (code) => {
  rmSync(folder, { recursive: true, force: true })
  if (code !== 0) return
  writeFileSync(`${codeFile}.part`, script.createCachedData())
  renameSync(`${codeFile}.part`, codeFile)
})
process.argv = [
  process.execPath,
  join(dist, 'main.js'),
  'run',
  at('playbook.ts'),
  '-i',
  at('hosts.json'),
  '--yes',
  '--state',
  at('state'),
]
engine.command()
