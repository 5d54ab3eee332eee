import { busyboxPlace, localPlace, sshPlace } from '../support/places.ts'
import { changeContract } from './contract.ts'
import { fileCases } from './file-cases.ts'
import { rewriteCases } from './rewrite-cases.ts'

changeContract('files', localPlace, [...rewriteCases, ...fileCases])
// Once over a real sshd, and where the tools are others.
const some = [...rewriteCases.slice(0, 3), ...fileCases.filter((_, at) => at % 3 === 0)]
changeContract('files over ssh', () => sshPlace('127.115.0.1'), some)
changeContract('files, with busybox', () => busyboxPlace('127.115.0.2'), some)
