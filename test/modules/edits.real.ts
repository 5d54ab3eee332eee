import { localPlace, sshPlace } from '../support/places.ts'
import { changeContract } from './contract.ts'
import { editsCases } from './edits-cases.ts'

changeContract('a structured edit', localPlace, editsCases)
changeContract('a structured edit, over ssh', () => sshPlace('127.116.0.1'), editsCases.slice(0, 2))
