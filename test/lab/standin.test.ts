import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { carbonXml } from '../../src/lab/pack/conf.ts'
import { statements } from '../../src/lab/standin/apply.ts'
import { flatten, render } from '../../src/lab/standin/config-mapper.ts'
import { blocks, element } from '../../src/lab/standin/home.ts'
import { between } from '../../src/lab/standin/identity-5.x.ts'
import { consoleLine, fileLine } from '../../src/lab/standin/log.ts'
import { portOffset, properties } from '../../src/lab/standin/server.ts'

const date = new Date('2016-01-19T10:54:12.666Z')
const name = 'org.wso2.carbon.core.internal.StartupFinalizerServiceComponent'

test.each([
  [
    '1.9.1',
    `TID: [0] [AM] [2016-01-19 10:54:12,666]  INFO {${name}} -  WSO2 Carbon started in 57 sec {${name}}`,
  ],
  [
    '2.6.0',
    `TID: [-1234] [] [2016-01-19 10:54:12,666]  INFO {${name}} -  WSO2 Carbon started in 57 sec {${name}}`,
  ],
  ['3.0.0', `TID: [-1234] [] [2016-01-19 10:54:12,666]  INFO {${name}} - WSO2 Carbon started in 57 sec`],
])('a line of the log of %s has the form of its release', (version, line) => {
  expect(fileLine(version, date, 'INFO', name, 'WSO2 Carbon started in 57 sec')).toBe(line)
})

test('a line of the console has the short class name', () => {
  expect(consoleLine(date, 'ERROR', name, 'no')).toBe(
    '[2016-01-19 10:54:12,666] ERROR - StartupFinalizerServiceComponent no',
  )
})

test('system properties: the last one wins, and one without a value is true', () => {
  const found = properties(['-DworkerNode=false', '-Dmigrate', 'Bootstrap', '-DworkerNode=true', '-Da=b=c'])
  expect(Object.fromEntries(found)).toEqual({ workerNode: 'true', migrate: 'true', a: 'b=c' })
})

test('the offset of a flag wins over that of carbon.xml, and neither is none', async () => {
  const home = await mkdtemp(join(tmpdir(), 'standin-'))
  try {
    const offset = (...args: readonly string[]) => portOffset({ home, props: properties(args) })
    expect(offset()).toBe(0)
    await mkdir(join(home, 'repository/conf'), { recursive: true })
    await writeFile(join(home, 'repository/conf/carbon.xml'), carbonXml('2.6.0', 'here', undefined, 4))
    expect([offset(), offset('-DportOffset=7'), offset('-DportOffset=0')]).toEqual([4, 7, 0])
  } finally {
    await rm(home, { recursive: true })
  }
})

test('a version is in the range after the first and up to the last; placeholders are in none', () => {
  const versions = ['5.2.0', '5.3.0', '5.7.0', '5.10.0']
  expect(versions.filter((version) => between(version, '5.2.0', '5.7.0'))).toEqual(['5.3.0', '5.7.0'])
  expect(versions.filter((version) => between(version, '5.2.0', '5.10.0'))).toHaveLength(3)
  expect(between('5.3.0', '5.x.x', '5.x.x')).toBe(false)
})

test('a script is cut at semicolons that end a line', () => {
  expect(statements("-- no;\nA 'x;y';\nB\n  C;\n\n")).toEqual(["A 'x;y'", 'B\n  C'])
})

test('templates are filled, and parts without a value are left out', () => {
  const values = flatten({ database: { user: { url: 'u' } }, list: [1], n: 3 })
  expect(
    render(
      '{{n}}{% if database.user.url %}\n<{{database.user.url}}>\n{% endif %}\n{% if gone %}x{% endif %}',
      values,
    ),
  ).toBe('3<u>\n')
})

test('elements are read without comments and unescaped', () => {
  const xml = '<a><!-- <b>no</b> --><b x="1">y&amp;z</b><c><b>2</b></c></a>'
  expect([element(xml, 'b'), element(blocks(xml, 'c')[0] ?? '', 'b'), element(xml, 'd')]).toEqual([
    'y&z',
    '2',
    undefined,
  ])
})
