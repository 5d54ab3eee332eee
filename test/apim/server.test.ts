import { describe, expect, test } from 'vitest'
import { runningOf } from '../../src/apim/control.ts'
import { probesOf } from '../../src/apim/health.ts'
import { flagsIn, type Server, startCommand } from '../../src/apim/server.ts'

const server: Server = {
  home: '/opt/wso2/wso2am-1.9.1',
  version: '1.9.1',
  javaHome: '/opt/jdk',
  address: '127.0.0.1',
  role: 'gateway-worker',
  flags: ['-Dprofile=gateway-worker', '-DworkerNode=true'],
  wait: { start: 1, answer: 1, gap: 0 },
}

describe('a start', () => {
  test('of 1.x hands its flags to the virtual machine, since the script drops them', () => {
    const { text } = startCommand(server, '/k/start.out')
    expect(text).toContain(
      "JAVA_OPTS='-Dprofile=gateway-worker -DworkerNode=true' setsid ./wso2server.sh  start",
    )
  })

  test('of 2.x and 3.x hands them to the script, and keeps the environment of the caller out', () => {
    const { text } = startCommand({ ...server, version: '2.6.0' }, '/k/start.out')
    expect(text).toContain(
      "JAVA_OPTS='' setsid ./wso2server.sh -Dprofile=gateway-worker -DworkerNode=true start",
    )
    expect(text).toContain('env -u CARBON_HOME -u JAVACMD -u JVM_MEM_OPTS JAVA_HOME=/opt/jdk')
  })

  test('is repeated with the flags it ran with, and with no secrets of the command line', () => {
    const args = [
      'java',
      '-Xmx1g',
      '-DworkerNode=false',
      '-Dkey.password=x',
      '-Dprofile=a',
      '-DportOffset=2',
      '-DworkerNode=true',
    ]
    expect(flagsIn(args).toSorted()).toEqual(['-DportOffset=2', '-Dprofile=a', '-DworkerNode=true'])
    expect(flagsIn(['java', '-DworkerNode=false'])).toEqual([])
  })
})

test.each([
  ['gateway-worker', '2.6.0', ['8280/services/Version']],
  ['publisher', '3.0.0', ['9763/services/Version', '9763/publisher']],
  ['store', '2.6.0', ['9763/services/Version', '9763/store']],
  ['store', '3.0.0', ['9763/services/Version', '9763/devportal']],
  ['key-manager', '1.9.1', ['9763/services/Version']],
  ['traffic-manager', '3.0.0', ['9763/services/Version', '5672', '9611', '9711']],
] as const)('%s of %s is asked at %j', (role, version, asked) => {
  const probes = probesOf({ role, version })
  expect(probes.map((probe) => ('path' in probe ? `${probe.port}${probe.path}` : `${probe.port}`))).toEqual(
    asked,
  )
})

test.each([
  ['/opt/jdk7/bin/java', '/opt/jdk7'],
  ['/opt/jdk1.8.0_292/jre/bin/java', '/opt/jdk1.8.0_292'],
  ['java', undefined],
  ['/usr/bin/jsvc', undefined],
])('a server that ran as %s is started again on %s', (command, javaHome) => {
  const running = runningOf([command, '-Dprofile=api-store', '-DworkerNode=false'])
  expect(running).toEqual({ flags: ['-Dprofile=api-store'], ...(javaHome && { javaHome }) })
})
