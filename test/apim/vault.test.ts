import { expect, test } from 'vitest'
import { clientCommand } from '../../src/apim/client.ts'
import { hasSecrets } from '../../src/apim/vault.ts'

test.each([
  ['an alias', 'carbon.xml', '<A xmlns:svns="x"><B svns:secretAlias="C.D">password</B></A>', true],
  ['an alias in a comment', 'carbon.xml', '<A><!-- <B svns:secretAlias="C.D"/> --><B>x</B></A>', false],
  ['an alias after a comment', 'carbon.xml', '<A><!-- x --><B\n svns:secretAlias="C.D"/></A>', true],
  ['a comment that does not end', 'carbon.xml', '<A><!-- <B svns:secretAlias="C.D"/>', false],
  ['secrets of 3.0.0', 'deployment.toml', '[server]\na = 1\n[secrets]\n# here\n\nadmin = "[x]"\n', true],
  ['an empty table', 'deployment.toml', '[secrets]\n#admin = "[x]"\n[server]\nhostname = "h"\n', false],
  ['a table in a comment', 'deployment.toml', '#[secrets]\nadmin = "[x]"\n', false],
] as const)('%s', (_, path, text, uses) => {
  expect(hasSecrets(path, text)).toBe(uses)
})

test('a client starts in the foreground, its flags behind the script, with nothing of the environment', () => {
  const { text } = clientCommand({ home: '/opt/m/wso2am-2.0.0', javaHome: '/opt/jdk', flags: ['-Dmigrate'] })
  expect(text).toBe(
    'cd -- /opt/m/wso2am-2.0.0/bin && exec env -u CARBON_HOME -u JAVACMD -u JVM_MEM_OPTS -u JAVA_OPTS JAVA_HOME=/opt/jdk ./wso2server.sh -Dmigrate </dev/null',
  )
})
