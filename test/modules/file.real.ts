import { localPlace } from '../support/places.ts'
import { changeContract } from './contract.ts'
import { fileCases } from './file-cases.ts'
import { rewriteCases } from './rewrite-cases.ts'

changeContract('files', localPlace, [...rewriteCases, ...fileCases])
