import { describe, expect, test } from 'vitest'
import { reveal, secret } from '../../src/model/secret.ts'
import { editXml, readXml } from '../../src/modules/xml.ts'

const source = `<?xml version="1.0"?>
<!-- <Offset>9</Offset> -->
<Server xmlns="http://x">
  <Ports><Offset>0</Offset></Ports>
  <Property name="a">1</Property><Property name='b>'>2</Property>
  <Empty/>
</Server>
`

describe('an XML file', () => {
  test('keeps every other byte when an element is set', () => {
    expect(editXml(source, [{ at: 'Ports/Offset', text: '3' }])).toEqual([
      source.replace('<Offset>0', '<Offset>3'),
    ])
  })

  test('is edited by an attribute, whatever its quotes hold', () => {
    const edited = editXml(source, [{ at: 'Property[@name=b>]', text: 'x & <y>' }])
    expect(edited).toEqual([source.replace('>2<', '>x &amp; &lt;y&gt;<')])
  })

  test('gets the elements that are missing, once', () => {
    const edits = [
      { at: 'Sync/Enabled', text: 'true' },
      { at: 'Sync/Url', text: 'svn://a/b' },
      { at: 'Empty/In', text: 'z' },
    ]
    const [text] = editXml(source, edits) as [string]
    expect(text.match(/<Sync>/g)).toHaveLength(1)
    expect([readXml(text, 'Sync/Enabled'), readXml(text, 'Sync/Url'), readXml(text, 'Empty/In')]).toEqual([
      'true',
      'svn://a/b',
      'z',
    ])
    expect(editXml(text, edits)).toEqual([text])
  })

  test('gets what is appended only when it is not there', () => {
    const edit = { at: 'mount[@path=/_system/config]', append: '<mount path="/_system/config"/>' }
    const [text] = editXml(source, [edit, edit]) as [string]
    expect(text.match(/<mount/g)).toHaveLength(1)
  })

  test.each([`a&b<c>d"e'f\\g]]>h`, ']]>', ' both ends ', '&amp;', '$1 $& x'])(
    'holds a secret as what an XML reader finds: %j',
    (value) => {
      const text = editXml(source, [{ at: 'Ports/Offset', text: [secret('env:P')] }])
      expect(
        readXml(
          reveal(text, () => value),
          'Ports/Offset',
        ),
      ).toBe(value)
    },
  )

  test.each(['<!DOCTYPE a [<!ENTITY b "c">]><a/>', '<a><b></a>', ''])('is refused when it is %j', (text) => {
    expect(() => editXml(text, [{ at: 'x', text: 'y' }])).toThrow(/XML file/)
  })
})
