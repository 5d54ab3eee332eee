import { busyboxPlace, localPlace, sshPlace } from '../support/places.ts'
import { changeContract } from './contract.ts'
import { rewriteCases } from './rewrite-cases.ts'

changeContract('a rewritten file', localPlace, rewriteCases)
changeContract('a rewritten file, over ssh', () => sshPlace('127.115.0.1'), rewriteCases)
changeContract('a rewritten file, busybox alone', () => busyboxPlace('127.115.0.2'), rewriteCases)
