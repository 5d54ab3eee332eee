import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { connectionWords } from '../../src/inventory/connection-words.ts'
import { connectionVars } from '../../src/inventory/endpoint.ts'
import { makeProject } from '../support/project.ts'

const model = fileURLToPath(new URL('../../src/model', import.meta.url))
const fleet = `import { z } from 'zod'
import { defineFleet, one } from '${model}/fleet.ts'
import { secretRef } from '${model}/secret-schema.ts'
export const fleet = defineFleet({
  groups: { web: one(z.object({ dir: z.string().describe('Where it is.'), port: z.coerce.number().int() })) },
  vars: z.object({ password: secretRef().optional(), color: z.enum(['red', 'blue']) }),
})
`

test('the fleet beside the inventory becomes a schema, printed or written', async () => {
  const { call, read } = await makeProject({ 'inventory/fleet.ts': fleet })
  const printed = await call(['inventory', 'schema', 'vars'])
  expect(printed.err).toBe('')
  const { properties } = JSON.parse(printed.out).definitions.vars
  expect(properties).toMatchObject({
    dir: { description: 'Where it is.', type: 'string' },
    color: { anyOf: [{ enum: ['red', 'blue'] }, { $ref: '#/definitions/template' }] },
    ansible_port: { description: 'The port of the SSH server.' },
  })
  expect(JSON.stringify(properties.password)).toContain('#/definitions/secret')
  expect(JSON.stringify(properties.port)).toContain('"type":"string"')

  expect(await call(['inventory', 'schema', '--out', 'hosts.json'])).toMatchObject({ code: 0, out: '' })
  const hosts = JSON.parse(await read('hosts.json'))
  expect(hosts.properties.web.description).toBe('exactly one host; each needs dir, port')
  expect((await call(['inventory', 'schema', 'hosts', '--fleet', 'inventory/fleet.ts'])).out).toBe(
    await read('hosts.json'),
  )
})

test('what is no fleet, or not there, or cannot be written is said', async () => {
  const { cwd, call } = await makeProject({
    'other.ts': 'export const fleet = 1',
    'inventory/fleet.ts': fleet,
  })
  expect((await call(['inventory', 'schema', '--fleet', 'other.ts'])).err).toMatch(
    /^other\.ts: expected one fleet among its exports, got none\n.*defineFleet/,
  )
  expect((await call(['inventory', 'schema', '--fleet', 'no.ts'])).err).toMatch(
    /^no\.ts: expected the module/,
  )
  expect((await call(['inventory', 'schema', '--out', join(cwd, 'no/x.json')])).code).toBe(2)
  expect((await call(['inventory', 'schema', 'groups'])).code).toBe(2)
})

test('every connection variable has words', () => {
  expect(Object.keys(connectionWords).sort()).toEqual([...connectionVars].sort())
})
