import { homedir } from 'node:os'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openOpenSsh } from '../../src/connect/openssh.ts'
import { connectionContract, freshContract, type Subject } from '../contracts/connection.ts'
import { sshSubject } from '../support/subject.ts'

const context: ConnectContext = { secrets: (one) => `value of ${one.name}`, home: homedir() }

let used = 10
const subject = (extra: readonly string[] = []): Promise<Subject> => {
  used += 1
  return sshSubject(
    (endpoint) => openOpenSsh({ ...endpoint, kind: 'openssh' }, context),
    `127.103.0.${used}`,
    extra,
  )
}

connectionContract('openssh', () => subject())
connectionContract('openssh with two channels at most', () => subject(['MaxSessions 2']))
freshContract('openssh', () => subject())
