import { expect, test } from 'vitest'
import { unequal } from '../../src/apim/synchronizer.ts'

const api = 'synapse-configs/default/api/weather.xml'

test.each<[string, object, object, readonly string[]]>([
  ['equal', { [api]: '1' }, { [api]: '1' }, []],
  ['other content', { [api]: '1' }, { [api]: '2' }, [`${api}: other content`]],
  [
    'an API that the manager deleted from the repository',
    { [api]: '1' },
    {},
    [`${api}: not in the repository`],
  ],
  ['an API that a worker has not got', {}, { [api]: '1' }, [`${api}: in the repository alone`]],
  ['what a running server unpacks beside it', { 'webapps/x/index.jsp': '1' }, {}, []],
  [
    'an application that a worker has not got',
    {},
    { 'webapps/x.war': '1' },
    ['webapps/x.war: in the repository alone'],
  ],
  [
    'another application',
    { 'webapps/x.war': '1' },
    { 'webapps/x.war': '2' },
    ['webapps/x.war: other content'],
  ],
])('%s', (_name, tree, revision, told) => {
  expect(unequal(new Map(Object.entries(tree)), new Map(Object.entries(revision)))).toEqual(told)
})
