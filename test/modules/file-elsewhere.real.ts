import { busyboxPlace, sshPlace } from '../support/places.ts'
import { changeContract } from './contract.ts'
import { fileCases } from './file-cases.ts'
import { rewriteCases } from './rewrite-cases.ts'

// One case of most modules: all of them are gone through on this machine's own shell.
const some = [...rewriteCases.slice(0, 3), ...fileCases.filter((_, at) => at % 3 === 0)]
changeContract('files over ssh', () => sshPlace('127.115.0.1'), some)
changeContract('files, with the sh and the tools of busybox', () => busyboxPlace('127.115.0.2'), some)
