import { homedir } from 'node:os'
import { openOpenSsh } from '../../src/connect/openssh.ts'
import { typed } from '../../src/model/command.ts'
import type { Endpoint } from '../../src/model/connection.ts'

// A controller of its own, to be killed: it connects, has a command running, and another connection with none.
const [endpoint = '', command = ''] = process.argv.slice(2)
const open = () => openOpenSsh(JSON.parse(endpoint) as Endpoint, { secrets: () => '', home: homedir() })
const connection = await open()
const idle = await open()
await idle.exec(typed('true'))
void connection.exec(typed(command))
process.stdout.write('ready\n')
