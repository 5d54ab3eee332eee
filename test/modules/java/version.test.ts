import { expect, test } from 'vitest'
import { javaIn, parseJavaVersion } from '../../../src/modules/java/version.ts'

// As the vendors' programs print it, on stderr.
test.each([
  [
    'java version "1.6.0_45"\nJava(TM) SE Runtime Environment (build 1.6.0_45-b06)\nJava HotSpot(TM) 64-Bit Server VM (build 20.45-b01, mixed mode)',
    '1.6.0_45',
    6,
    '6.0.45',
  ],
  [
    'java version "1.7.0_80"\nJava(TM) SE Runtime Environment (build 1.7.0_80-b15)\nJava HotSpot(TM) 64-Bit Server VM (build 24.80-b11, mixed mode)',
    '1.7.0_80',
    7,
    '7.0.80',
  ],
  [
    'java version "1.8.0"\nJava(TM) SE Runtime Environment (build 1.8.0-b132)\nJava HotSpot(TM) 64-Bit Server VM',
    '1.8.0',
    8,
    '8.0.0',
  ],
  [
    'openjdk version "1.8.0_292"\nOpenJDK Runtime Environment (AdoptOpenJDK)(build 1.8.0_292-b10)\nOpenJDK 64-Bit Server VM',
    '1.8.0_292',
    8,
    '8.0.292',
  ],
  [
    'openjdk version "1.8.0_312-b07"\nOpenJDK Runtime Environment\nOpenJDK 64-Bit Server VM',
    '1.8.0_312-b07',
    8,
    '8.0.312',
  ],
  [
    'java version "1.8.0_221"\nJava(TM) SE Runtime Environment (build 8.0.5.40 - pxa6480sr5fp40)\nIBM J9 VM (build 2.9, JRE 1.8.0 Linux amd64-64-Bit)',
    '1.8.0_221',
    8,
    '8.0.221',
  ],
  [
    'openjdk version "1.8.0-internal"\nOpenJDK Runtime Environment\nOpenJDK 64-Bit Server VM',
    '1.8.0-internal',
    8,
    '8.0.0-internal',
  ],
  [
    'java version "9"\nJava(TM) SE Runtime Environment (build 9+181)\nJava HotSpot(TM) 64-Bit Server VM',
    '9',
    9,
    '9.0.0',
  ],
  [
    'openjdk version "11.0.9.1" 2020-11-04\nOpenJDK Runtime Environment AdoptOpenJDK\nEclipse OpenJ9 VM AdoptOpenJDK (build openj9-0.23.0)',
    '11.0.9.1',
    11,
    '11.0.9',
  ],
  [
    'openjdk version "11.0.12" 2021-07-20 LTS\nOpenJDK Runtime Environment Zulu11.50+19-CA\nOpenJDK 64-Bit Server VM Zulu11.50+19-CA',
    '11.0.12',
    11,
    '11.0.12',
  ],
  [
    'Picked up JAVA_TOOL_OPTIONS: -Dx="1.5.0"\nopenjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment\nOpenJDK 64-Bit Server VM',
    '17.0.15',
    17,
    '17.0.15',
  ],
  [
    'openjdk version "21-ea" 2023-09-19\nOpenJDK Runtime Environment (build 21-ea+35)\nOpenJDK 64-Bit Server VM',
    '21-ea',
    21,
    '21.0.0-ea',
  ],
])('%s', (said, version, feature, semver) => {
  expect(parseJavaVersion(said)).toMatchObject({ version, feature, semver, vm: expect.stringMatching(/VM/) })
})

test.each(['', 'bash: java: command not found', 'java version "x"', 'Error: could not find libjava.so'])(
  'no version in %j',
  (said) => {
    expect(parseJavaVersion(said)).toBeUndefined()
  },
)

test.each([
  ['1.8.0_292', '8', true],
  ['1.8.0_292', '>=8.0.161 <9', true],
  ['1.8.0_102', '>=8.0.161 <9', false],
  ['11.0.9.1', '8 || 11', true],
  ['17.0.15', '8 || 11', false],
  ['1.7.0_80', '8', false],
  ['21-ea', '>=8', false],
])('%s in %s: %s', (version, range, is) => {
  const java = parseJavaVersion(`openjdk version "${version}"\n\nVM`)
  expect(java && javaIn(java, range)).toBe(is)
})
