import { busyboxPlace, localPlace, sshPlace } from '../support/places.ts'
import { archiveCases } from './archive-cases.ts'
import { changeContract } from './contract.ts'

changeContract('archives', localPlace, archiveCases)
changeContract('archives, over ssh', () => sshPlace('127.118.0.1'), archiveCases.slice(0, 3))
changeContract('archives, busybox alone', () => busyboxPlace('127.118.0.3'), archiveCases.slice(0, 1))
