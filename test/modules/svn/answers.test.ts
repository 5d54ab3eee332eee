import { expect, test } from 'vitest'
import { entriesOf, infoOf, logOf } from '../../../src/modules/svn/answers.ts'
import { addressOf, localAddress } from '../../../src/modules/svn/client.ts'

const commit =
  '<commit revision="3"><author>a&amp;b</author><date>2020-01-02T03:04:05.000000Z</date></commit>'

test('the answers of svn are read as XML', () => {
  const info = `<?xml version="1.0"?>\n<info><entry kind="dir" path="x" revision="7"><url>svn://h/x</url><relative-url>^/x</relative-url>
<repository><root>svn://h</root><uuid>u-1</uuid></repository>${commit}</entry></info>\n`
  const changed = { changed: 3, author: 'a&b', date: '2020-01-02T03:04:05.000000Z' }
  expect(infoOf(info)).toEqual({
    kind: 'dir',
    url: 'svn://h/x',
    root: 'svn://h',
    uuid: 'u-1',
    revision: 7,
    ...changed,
  })
  const list = `<lists><list path="x"><entry kind="file"><name>é &lt;1&gt;@2</name><size>12</size>${commit}</entry>
<entry kind="dir"><name>d</name><commit revision="0"></commit></entry></list></lists>`
  expect(entriesOf(list)).toEqual([
    { path: 'é <1>@2', kind: 'file', size: 12, ...changed },
    { path: 'd', kind: 'dir', size: null, changed: 0, author: null, date: null },
  ])
  expect(
    logOf('<log><logentry revision="2"><msg>a\nb</msg></logentry><logentry revision="1"/></log>'),
  ).toEqual([
    { revision: 2, message: 'a\nb' },
    { revision: 1, message: '' },
  ])
})

test.each([
  ['', /no <info>/],
  ['svn: E170001\n', /no <info>/],
  ['<lists/>', /no <info>/],
  ['<!DOCTYPE info [<!ENTITY a "b">]><info/>', /no <info>/],
  ['<info></info>', /no <entry>/],
  ['<info><entry kind="dir" revision="x"><url/></entry></info>', /no <repository>/],
])('what is no answer is refused: %j', (text, why) => {
  expect(() => infoOf(text)).toThrow(why)
})

test('names in an address are encoded, and an @ in them is no peg revision', () => {
  const repository = { url: 'svn://h:1/r/' }
  expect(addressOf(repository)).toBe('svn://h:1/r@')
  expect(addressOf(repository, '/a@3/100% é/-x/', 4)).toBe('svn://h:1/r/a%403/100%25%20%C3%A9/-x@4')
  expect(localAddress('/srv/a b@1/')).toBe('file:///srv/a%20b%401')
})

test.each([
  ['svn+ssh://-oProxyCommand=x/r', /no address of a repository/],
  ['--config-dir=/x', /no address/],
  ['svn://u:p@h/r', /no user in it/],
])('an address that starts a program or holds a password is refused: %s', (url, why) => {
  expect(() => addressOf({ url })).toThrow(why)
})

test('a path does not leave the repository', () => {
  expect(() => addressOf({ url: 'svn://h/r' }, 'a/../..')).toThrow(/no path in a repository/)
})
