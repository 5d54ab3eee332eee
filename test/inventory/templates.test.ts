import { describe, expect, it } from 'vitest'
import { magicVars, resolveVars } from '../../src/inventory/templates.ts'
import type { Json } from '../../src/model/json.ts'

const resolve = (vars: Record<string, Json>, name = 'x') => {
  const { vars: made, wrong } = resolveVars(vars, [name], { inventory_hostname: 'h1.dc1' })
  return wrong.length > 0 ? wrong.map(({ path, message }) => `${path.join('.')}: ${message}`) : made[name]
}

describe('{{ ... }} in variables', () => {
  it.each<[string, Record<string, Json>, Json]>([
    ['a whole value keeps its type', { x: '{{ port }}', port: 22 }, 22],
    ['and may be a list', { x: '{{ a }}', a: [1, '{{ b }}'], b: true }, [1, true]],
    [
      'a part becomes text',
      { x: '{{user}}@{{ a.b }}:{{ a["c"] }}', user: 'u', a: { b: 'h', c: 9 } },
      'u@h:9',
    ],
    ["true and nothing are Python's", { x: '{{ t }}|{{ n }}|', t: true, n: null }, 'True||'],
    ['one that needs another', { x: '{{ a }}/x', a: '{{ b }}/a', b: 'b' }, 'b/a/x'],
    ['parts of what is a template', { x: '{{ a.k }}', a: '{{ b }}', b: { k: [7] } }, [7]],
    ['an index', { x: "{{ a[1]['k'] }}", a: [0, { k: 'v' }] }, 'v'],
    ['what Ansible knows of a host', { x: '{{ inventory_hostname }}:1' }, 'h1.dc1:1'],
    ['values inside maps', { x: { deep: ['{{ a }}'] }, a: 1 }, { deep: [1] }],
    [
      'what was put in is not looked at again',
      { x: '{{ a }}{{ b }}', a: '{', b: '{ c }}', c: 'no' },
      '{{ c }}',
    ],
    ['what is unsafe stays', { x: { __ansible_unsafe: '{{ a }}' }, a: 1 }, '{{ a }}'],
    ['unsafe parts stay', { x: ['{{ a }}', { __ansible_unsafe: '{{ a }}' }], a: 1 }, [1, '{{ a }}']],
    ['so does unsafe text that is put in', { x: '{{ b }}', b: { __ansible_unsafe: '{% c %}' } }, '{% c %}'],
    ['text without braces', { x: '{ a } }}' }, '{ a } }}'],
  ])('%s', (_name, vars, expected) => expect(resolve(vars)).toEqual(expected))

  it.each<[string, Record<string, Json>, readonly string[]]>([
    ['itself', { x: '{{ x }}' }, ['x: needs itself: x -> x']],
    ['a ring', { x: '{{ a }}', a: '{{ b.c }}', b: { c: '{{ a }}' } }, ['a: needs itself: a -> b.c -> a']],
    [
      'a filter',
      { x: "{{ a | default('b') }}", a: 1 },
      ["x: expected nothing of Jinja but {{ name }}, {{ a.b }} or {{ a['b'] }}, got {{ a | default('b') }}"],
    ],
    [
      'a lookup',
      { x: "{{ lookup('env', 'HOME') }}" },
      [expect.stringContaining("got {{ lookup('env', 'HOME') }}")],
    ],
    ['an expression', { x: '{{ 1 + 1 }}' }, [expect.stringContaining('got {{ 1 + 1 }}')]],
    ['a statement', { x: '{% if a %}' }, [expect.stringContaining('got {%')]],
    ['no end', { x: '{{ a' }, ['x: expected }} behind {{, got "{{ a"']],
    [
      'nobody',
      { x: '{{ prot }}', port: 1 },
      ['x: expected a variable of this host in {{ prot }}, got none of that name; did you mean "port"?'],
    ],
    ['no such part', { x: '{{ a.c }}', a: { b: 1 } }, ['x: expected a of {{ a.c }} to have "c", it has not']],
    [
      'a map in a text',
      { x: 'x{{ a }}', a: {} },
      ['x: expected {{ a }} to be a text or a number, got a map'],
    ],
    [
      'the insides of JavaScript',
      { x: '{{ a.constructor.name }}', a: {} },
      [expect.stringContaining('it has not')],
    ],
    [
      'and of its lists',
      { x: '{{ a.length }}', a: [1] },
      [expect.stringContaining('to have "length", it has not')],
    ],
  ])('refuses %s', (_name, vars, expected) => expect(resolve(vars)).toEqual(expected))

  it('leaves alone what nobody asks for', () => {
    const vars = { x: 1, other: '{{ lookup() }}' }
    expect(resolveVars(vars, ['x'])).toEqual({ vars, wrong: [] })
  })

  it('knows short names', () => {
    expect(magicVars({ name: 'a.b.c', groups: ['z', 'k'] })).toEqual({
      inventory_hostname: 'a.b.c',
      inventory_hostname_short: 'a',
      group_names: ['k', 'z'],
    })
    expect(magicVars({ name: '10.0.0.1', groups: [] })['inventory_hostname_short']).toBe('10.0.0.1')
  })
})
