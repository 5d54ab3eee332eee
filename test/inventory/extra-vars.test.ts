import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { endpointOf } from '../../src/inventory/endpoint.ts'
import { paramsOf, parseExtraVars, withExtraVars } from '../../src/inventory/extra-vars.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { files, problemsOf } from '../support/site.ts'

describe('parseExtraVars', () => {
  it.each<[string[], object]>([
    [[], {}],
    [['a=1 b=true'], { a: '1', b: 'true' }],
    [['a="x y" b=\'z\' c='], { a: 'x y', b: 'z', c: '' }],
    [['a=b=c'], { a: 'b=c' }],
    [['{"a": 1, "b": [true]}'], { a: 1, b: [true] }],
    [['a=1', '{a: 2}'], { a: 2 }],
    [['@vars.yml', 'x=1'], { x: '1', y: [1] }],
  ])('%j', async (list, vars) => {
    const cwd = await files({ 'vars.yml': 'x: 0\ny: [1]\n' })
    expect(await parseExtraVars(list, cwd)).toEqual(vars)
  })

  it.each([
    ['a', '-e a: expected key=value, a JSON map or @file'],
    ['a="b', '-e a="b: expected quotes that end'],
    ['[1]', '-e: expected a map of variables'],
    ['{a: [}', /^-e:1:\d+ expected YAML/],
    ['@nowhere.yml', /^-e @nowhere\.yml: ENOENT/],
  ])('refuses %s', async (text, problem) => {
    expect((await problemsOf(() => parseExtraVars([text], '/')))[0]).toMatch(problem)
  })
})

it('lays extra vars over hosts and groups', async () => {
  const inventory = await loadInventory({ sources: ['a,b:23,'], cwd: '/', env: {} })
  const over = withExtraVars(inventory, { ansible_port: 22 })
  expect(over.hosts.map(({ vars }) => vars)).toEqual([{ ansible_port: 22 }, { ansible_port: 22 }])
  expect(over.groups[0]?.vars).toEqual({ ansible_port: 22 })
  const wrong = withExtraVars(inventory, { ansible_port: 'x' })
  const [host] = wrong.hosts
  if (host === undefined) throw new Error('no host')
  expect(await problemsOf(() => endpointOf(wrong, host))).toEqual([
    '-e hosts.a.ansible_port: expected a port of 1 to 65535, got "x"',
  ])
})

describe('paramsOf', () => {
  const schema = z.object({ via: z.enum(['2.0.0', '2.6.0']).optional(), pause: z.number().default(5) })
  it('splits parameters from vars', () => {
    expect(paramsOf(schema, { via: '2.0.0', apim_version: '1.9.1' })).toEqual({
      params: { via: '2.0.0', pause: 5 },
      vars: { apim_version: '1.9.1' },
    })
    expect(paramsOf(undefined, { a: 1 })).toEqual({ params: {}, vars: { a: 1 } })
  })
  it('says what is wrong with a parameter', async () => {
    expect(await problemsOf(() => paramsOf(schema, { via: '2.6', pause: '5' }))).toEqual([
      '-e via: expected one of "2.0.0", "2.6.0", got "2.6"; did you mean "2.6.0"?',
      '-e pause: expected a number, got "5"',
    ])
  })
})
