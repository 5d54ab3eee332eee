import { describe, expect, test } from 'vitest'
import { reveal, secret, shownText } from '../../../src/model/secret.ts'
import { editXml, readXml, type XmlEdit } from '../../../src/modules/edit/xml.ts'

const source = `<?xml version="1.0"?>
<!-- <Offset>9</Offset> -->
<Server xmlns="http://x" xmlns:svns="http://vault">
  <Ports><Offset>0</Offset></Ports>
  <Property name="a">1</Property><Property name='b>'>2</Property>
  <Url>jdbc:h2:a&amp;b<!-- was: jdbc:x --></Url>
  <Password svns:secretAlias='K"1'><![CDATA[a&b]]></Password>
  <sources on="1">
    <!-- the first -->
    <source> <!-- s --><name>A</name>
      <url>u</url>
    </source>
    <source>
      <name>B</name>
      <url>v</url>
    </source>
  </sources>
  <Empty/>
</Server>
`
const edit = (edits: XmlEdit | readonly XmlEdit[], text = source, file = 'carbon.xml') =>
  editXml(text, Array.isArray(edits) ? edits : [edits as XmlEdit], { file })

describe('an XML file', () => {
  test.each<[string, XmlEdit, string, string]>([
    ['an element', { at: 'Ports/Offset', text: '3' }, '<Offset>0', '<Offset>3'],
    [
      'one chosen by an attribute',
      { at: 'Property[@name=b>]', text: 'x & <y>' },
      '>2<',
      '>x &amp; &lt;y&gt;<',
    ],
    ['one chosen by a child', { at: 'sources/source[name=B]/url', text: 'w' }, '<url>v', '<url>w'],
    ['one from the root on', { at: '/Server/Ports/Offset', text: '3' }, '<Offset>0', '<Offset>3'],
    ['one by its namespace', { at: '{http://x}Ports/{http://x}Offset', text: '3' }, '>0<', '>3<'],
    ['one that holds a comment', { at: 'Url', text: 'u&v' }, 'jdbc:h2:a&amp;b', 'u&amp;v'],
    ['one that holds CDATA', { at: 'Password', text: 'x' }, '<![CDATA[a&b]]>', 'x'],
    ['an empty one', { at: 'Empty', text: 'x' }, '<Empty/>', '<Empty>x</Empty>'],
    [
      'an attribute',
      { at: 'sources', attribute: 'on', text: '"<\n' },
      '<sources on="1">',
      '<sources on="&quot;&lt;&#10;">',
    ],
    [
      'a prefixed one',
      { at: 'Password', attribute: 'svns:secretAlias', text: `K'2"` },
      `'K"1'`,
      `'K&apos;2"'`,
    ],
    ['a new one', { at: 'Empty', attribute: 'on', text: 'no' }, '<Empty/>', '<Empty on="no"/>'],
    [
      'a new one by namespace',
      { at: 'Empty', attribute: '{http://vault}alias', text: 'K' },
      '<Empty/>',
      '<Empty svns:alias="K"/>',
    ],
  ])('keeps every other byte when it sets %s, which is so the second time', (_, change, old, made) => {
    const edited = edit(change)
    expect(edited).toBe(source.replace(old, () => made))
    expect(edit(change, String(edited))).toBe(edited)
  })

  test.each<[string, XmlEdit]>([
    ['a reference', { at: 'Url', text: 'jdbc:h2:a&b' }],
    ['CDATA', { at: 'Password', text: 'a&b' }],
    ['an attribute in other quotes', { at: 'Password', attribute: 'svns:secretAlias', text: 'K"1' }],
    ['what is not there', { at: 'Ports/Other', remove: true }],
    ['what is there', { at: 'sources/source[name=A]', append: '<source><name>A</name></source>' }],
  ])('is left alone where it is so already: %s', (_, change) => {
    expect(edit(change)).toBe(source)
  })

  test.each([`&#97;`, '&#x61;', '<![CDATA[a]]>', '<![CDATA[]]>a', 'a<!---->'])(
    'knows %s for an a',
    (written) => {
      const text = `<r><e>${written}</e></r>`
      expect(edit({ at: 'e', text: 'a' }, text)).toBe(text)
    },
  )

  test('gets the elements that are missing only when it is told to, indented like those there', () => {
    const edits = [
      { at: 'Sync/Enabled', text: 'true', create: true },
      { at: 'Sync/Url', text: 'svn://a/b', create: true },
      { at: 'Empty/In[@x=1]', text: 'z', create: true },
      { at: 'Ports/Other', text: '1', create: true },
    ]
    const text = String(edit(edits))
    expect(text).toBe(
      source
        .replace('</Offset></Ports>', '</Offset><Other>1</Other></Ports>')
        .replace(
          '  <Empty/>\n',
          `  <Empty>\n    <In x="1">z</In>\n  </Empty>\n  <Sync>\n    <Enabled>true</Enabled>\n    <Url>svn://a/b</Url>\n  </Sync>\n`,
        ),
    )
    expect(edit(edits, text)).toBe(text)
  })

  test('gets an element before, after and into another, on lines as they are there, and its line ends', () => {
    const made = '<source>\n<name>C</name><url/>\n\n</source>'
    const at = 'sources/source[name=C]'
    const lines = '    <source>\n      <name>C</name><url/>\n    </source>\n'
    const [first, second] = ['    <source> <!-- s -->', '    <source>\n      <name>B']
    expect(edit({ at, append: made })).toBe(source.replace('  </sources>', `${lines}  </sources>`))
    expect(edit({ at, insert: made, before: 'sources/source[name=B]' })).toBe(
      source.replace(second, lines + second),
    )
    expect(edit({ at, insert: made, after: 'sources/source[name=A]' })).toBe(
      source.replace(second, lines + second),
    )
    expect(edit({ at, insert: made, before: 'sources/source[name=A]' })).toBe(
      source.replace(first, lines + first),
    )
    const dos = `\uFEFF${source.replaceAll('\n', '\r\n')}`
    expect(edit({ at, append: made }, dos)).toBe(
      dos.replace('  </sources>', `${lines.replaceAll('\n', '\r\n')}  </sources>`),
    )
    expect(edit({ at: 'x', append: '<x/>' }, '<r></r>')).toBe('<r>\n    <x/>\n</r>')
    expect(edit({ at: 'a/x', append: '<x/>' }, '<r><a/></r>')).toBe('<r><a><x/></a></r>')
    expect(edit({ at: 'a/x', append: '<x/>' }, '<r>\n\t<a>text</a>\n</r>')).toBe(
      '<r>\n\t<a>text<x/></a>\n</r>',
    )
  })

  test('loses an element with its line, and an attribute with its blank', () => {
    expect(edit({ at: 'Empty', remove: true })).toBe(source.replace('  <Empty/>\n', ''))
    expect(edit({ at: 'Property[@name=a]', remove: true })).toBe(
      source.replace('<Property name="a">1</Property>', ''),
    )
    expect(edit({ at: 'Property[@name=a]', attribute: 'name', remove: true })).toBe(
      source.replace(' name="a"', ''),
    )
  })

  test.each<[string, XmlEdit, RegExp]>([
    [
      'none, with the nearest',
      { at: 'Ports/Ofset', text: '1' },
      /^carbon\.xml:4:3: "Ports\/Ofset" matches nothing: <Ports> has no Ofset; did you mean "Offset" \(4:10\)\?\n.*create: true/,
    ],
    ['two, with their lines', { at: 'sources/source/url', text: '1' }, /matches 2 elements: lines 11, 15\n/],
    ['two, to be removed', { at: 'Property', remove: true }, /matches 2 elements: line 5\n/],
    [
      'two on the way',
      { at: 'sources/source/x', append: '<x/>' },
      /leads through 2 elements source: lines 10, 13\n/,
    ],
    [
      'none by its test',
      { at: 'sources/source[name=C]/url', text: '1' },
      /carbon\.xml:8:3: .*of 2 source \(lines 10, 13\) none is/,
    ],
    ['none on the way of what is removed', { at: 'Prots/Offset', remove: true }, /did you mean "Ports"/],
    ['another root', { at: '/Sever/Ports', text: '1' }, /the root is not Sever; did you mean "Server"/],
  ])('is refused when the path matches %s', (_, change, message) => {
    expect(() => edit(change)).toThrow(message)
  })

  test.each<[string, XmlEdit, RegExp]>([
    ['text in place of elements', { at: 'Ports', text: '1' }, /carbon\.xml:4:3: <Ports> holds <Offset>/],
    ['what XML cannot hold', { at: 'Ports/Offset', text: 'a\u0000' }, /U\+0000/],
    ['no element', { at: 'x', append: 'x' }, /XML to insert/],
    ['two elements', { at: 'x', append: '<x/><y/>' }, /XML to insert/],
    ['another element than its path says', { at: 'x', append: '<y/>' }, /not what "x" names/],
    ['a prefix that nothing declares', { at: 'q:x', append: '<q:x/>' }, /declares the prefix "q"/],
    ['the root removed', { at: '/Server', remove: true }, /root element cannot be removed/],
    ['a neighbour of the root', { at: 'x', insert: '<x/>', after: '/Server' }, /beside the root/],
    ['a test of text made true', { at: 'x[y=1]/z', text: '1', create: true }, /cannot be made/],
    [
      'what its own path does not name',
      { at: 'Property[@name=a]', attribute: 'name', text: 'c' },
      /would not/,
    ],
    ['no path', { at: 'a//b', text: '1' }, /no step of a path/],
    ['no path either', { at: 'a[b', text: '1' }, /no step of a path/],
  ])('is refused when it gets %s', (_, change, message) => {
    expect(() => edit(change)).toThrow(message)
  })

  test.each([
    ['<!DOCTYPE a [<!ENTITY b "c">]><a/>', /^web\.xml:1:1: an XML file with a DOCTYPE/],
    ['<?xml version="1.0"?>\n<!-- x -->\n<!DOCTYPE a><a/>', /^web\.xml:3:1:/],
    ['<a><b>secret</a>', /^web\.xml:1:\d+: not a well-formed XML file/],
    ['<a>\n&nbsp;</a>', /^web\.xml:2:\d+: /],
    ['', /^web\.xml:1:1: /],
  ])('is refused, with the place and nothing of what it holds, when it is %j', (text, message) => {
    expect(() => edit({ at: 'x', text: 'y' }, text, 'web.xml')).toThrow(message)
    expect(() => edit([], text, 'web.xml')).toThrow(/^(?!.*secret)/s)
  })

  test('is refused when its elements are nested deeper than can be read', () => {
    expect(() => edit({ at: 'x', text: 'y' }, '<a>'.repeat(100_000), 'web.xml')).toThrow(
      /^web\.xml: its elem/,
    )
  })

  test('may have CDATA behind an instruction, and name a DOCTYPE in a comment', () => {
    expect(edit({ at: 'b', text: '2' }, '<?xml version="1.0"?><a><?x?><![CDATA[]]><b/></a>')).toContain(
      '<b>2</b>',
    )
    const text = '<a><!-- <!DOCTYPE x> --><b>1</b></a>'
    expect(edit({ at: 'b', text: '2' }, text)).toBe(text.replace('1', '2'))
  })

  test.each([`a&b<c>d"e'f\\g]]>h`, ']]>', ' both ends ', '&amp;', '$1 $& x', 'é\t\r\n\u{1F600}'])(
    'holds a secret as what an XML reader finds: %j',
    (value) => {
      const text = reveal(
        edit([
          { at: 'Ports/Offset', text: ['<', secret('env:P')] },
          { at: 'Empty', attribute: 'x', text: [secret('env:P'), '>'] },
          { at: 'new', append: ['<new>', secret('env:P'), '</new>'] },
        ]),
        () => value,
      )
      expect([readXml(text, 'Ports/Offset'), readXml(text, 'Empty/@x'), readXml(text, 'new')]).toEqual([
        `<${value}`,
        `${value}>`,
        value,
      ])
    },
  )

  test('keeps a secret out of the text, whatever the text already says', () => {
    const text = '<a><b>UpgradeFleetSecretx0x</b><c/></a>'
    const edited = edit({ at: 'c', text: [secret('env:P')] }, text)
    expect(shownText(edited)).toBe('<a><b>UpgradeFleetSecretx0x</b><c>***</c></a>')
  })

  test('has characters that its encoding lacks as references', () => {
    const ascii = (change: XmlEdit) => editXml('<a x="1"><b/></a>', [change], { charset: 'US-ASCII' })
    expect(ascii({ at: 'b', text: 'é\u{1F600}' })).toBe('<a x="1"><b>&#233;&#128512;</b></a>')
    expect(ascii({ at: '/a', attribute: 'x', text: 'é' })).toBe('<a x="&#233;"><b/></a>')
    expect(ascii({ at: 'c', append: '<c y="é">é</c>' })).toBe('<a x="1"><b/><c y="&#233;">&#233;</c></a>')
    expect(() => ascii({ at: 'é', append: '<é/>' })).toThrow(/US-ASCII lacks/)
    expect(editXml('<a><b/></a>', [{ at: 'b', text: 'é€' }], { charset: 'ISO-8859-1' })).toBe(
      '<a><b>é&#8364;</b></a>',
    )
  })
})
