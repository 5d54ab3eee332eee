import { describe, expect, test } from 'vitest'
import { isIn, rangeOf, versionOf } from '../../../src/modules/java/version.ts'

/** What `java -version` prints: Debian's 17 and Temurin's 25 as recorded here, the others as their makers' pages and bug reports show them. */
const said: readonly (readonly [string, string, string])[] = [
  [
    'Sun 1.6',
    `java version "1.6.0_45"
Java(TM) SE Runtime Environment (build 1.6.0_45-b06)
Java HotSpot(TM) 64-Bit Server VM (build 20.45-b01, mixed mode)`,
    '6.0.45 Oracle HotSpot',
  ],
  [
    'Oracle 1.7, with a line of the environment',
    `Picked up JAVA_TOOL_OPTIONS: -Dfile.encoding=UTF-8 -Dx="version "9""
java version "1.7.0_80"
Java(TM) SE Runtime Environment (build 1.7.0_80-b15)
Java HotSpot(TM) 64-Bit Server VM (build 24.80-b11, mixed mode)`,
    '7.0.80 Oracle HotSpot',
  ],
  [
    'Oracle 1.8 before any update',
    `java version "1.8.0"
Java(TM) SE Runtime Environment (build 1.8.0-b132)
Java HotSpot(TM) 64-Bit Server VM (build 25.0-b70, mixed mode)`,
    '8.0.0 Oracle HotSpot',
  ],
  [
    'OpenJDK 1.8 of Ubuntu',
    `openjdk version "1.8.0_242"
OpenJDK Runtime Environment (build 1.8.0_242-8u242-b08-0ubuntu3~18.04-b08)
OpenJDK 64-Bit Server VM (build 25.242-b08, mixed mode)`,
    '8.0.242 Ubuntu HotSpot',
  ],
  [
    'Corretto 8',
    `openjdk version "1.8.0_412"
OpenJDK Runtime Environment Corretto-8.412.08.1 (build 1.8.0_412-b08)
OpenJDK 64-Bit Server VM Corretto-8.412.08.1 (build 25.412-b08, mixed mode)`,
    '8.0.412 Corretto HotSpot',
  ],
  [
    'Zulu 8',
    `openjdk version "1.8.0_312"
OpenJDK Runtime Environment (Zulu 8.58.0.13-CA-linux64) (build 1.8.0_312-b07)
OpenJDK 64-Bit Server VM (Zulu 8.58.0.13-CA-linux64) (build 25.312-b07, mixed mode)`,
    '8.0.312 Zulu HotSpot',
  ],
  [
    'IBM 6',
    `java version "1.6.0"
Java(TM) SE Runtime Environment (build pxa6460sr9fp2-20110627_03(SR9 FP2))
IBM J9 VM (build 2.4, JRE 1.6.0 IBM J9 2.4 Linux amd64-64 jvmxa6460sr9-20110624_85526 (JIT enabled, AOT enabled)
JCL  - 20110530_01`,
    '6.0.0 IBM J9',
  ],
  [
    'IBM 8',
    `java version "1.8.0_191"
Java(TM) SE Runtime Environment (build 8.0.5.27 - pxa6480sr5fp27-20190104_01(SR5 FP27))
IBM J9 VM (build 2.9, JRE 1.8.0 Linux amd64-64-Bit Compressed References 20181219_405297 (JIT enabled, AOT enabled)`,
    '8.0.191 IBM J9',
  ],
  [
    'OpenJ9 11',
    `openjdk version "11.0.11" 2021-04-20
OpenJDK Runtime Environment AdoptOpenJDK-11.0.11+9 (build 11.0.11+9)
Eclipse OpenJ9 VM AdoptOpenJDK-11.0.11+9 (build openj9-0.26.0, JRE 11 Linux amd64-64-Bit Compressed References 20210421_975 (JIT enabled, AOT enabled)`,
    '11.0.11 AdoptOpenJDK OpenJ9',
  ],
  [
    'four numbers',
    `openjdk version "11.0.9.1" 2020-11-04
OpenJDK Runtime Environment 18.9 (build 11.0.9.1+1)
OpenJDK 64-Bit Server VM 18.9 (build 11.0.9.1+1, mixed mode)`,
    '11.0.9 OpenJDK HotSpot',
  ],
  [
    'Oracle 9, one number',
    `java version "9"
Java(TM) SE Runtime Environment (build 9+181)
Java HotSpot(TM) 64-Bit Server VM (build 9+181, mixed mode)`,
    '9.0.0 Oracle HotSpot',
  ],
  [
    'early access of 9, the old scheme',
    `openjdk version "1.9.0-ea"
OpenJDK Runtime Environment (build 1.9.0-ea-b19)
OpenJDK 64-Bit Server VM (build 1.9.0-ea-b19, mixed mode)`,
    '9.0.0-ea OpenJDK HotSpot early',
  ],
  [
    'Debian 17',
    `openjdk version "17.0.15" 2025-04-15
OpenJDK Runtime Environment (build 17.0.15+6-Debian-1deb12u1)
OpenJDK 64-Bit Server VM (build 17.0.15+6-Debian-1deb12u1, mixed mode, sharing)`,
    '17.0.15 Debian HotSpot',
  ],
  [
    'early access of 21',
    `openjdk version "21-ea" 2023-09-19
OpenJDK Runtime Environment (build 21-ea+35-2513)
OpenJDK 64-Bit Server VM (build 21-ea+35-2513, mixed mode, sharing)`,
    '21.0.0-ea OpenJDK HotSpot early',
  ],
  [
    'Temurin 21 with an LTS word, and CRLF',
    `openjdk version "21.0.4" 2024-07-16 LTS\r
OpenJDK Runtime Environment Temurin-21.0.4+7 (build 21.0.4+7-LTS)\r
OpenJDK 64-Bit Server VM Temurin-21.0.4+7 (build 21.0.4+7-LTS, mixed mode)`,
    '21.0.4 Temurin HotSpot',
  ],
]

test.each(said)('%s', (_name, text, expected) => {
  const found = versionOf(text)
  const words = [found?.comparable, found?.vendor, found?.vm, ...(found?.early ? ['early'] : [])]
  expect(words.join(' ')).toBe(expected)
  expect(found?.release).toBe(Number.parseInt(expected, 10))
})

test.each(['', 'bash: java: command not found', 'java version ""', 'Error: could not find libjvm.so'])(
  'nothing in %j is a version',
  (text) => expect(versionOf(text)).toBeUndefined(),
)

describe('ranges', () => {
  const java = (version: string) => {
    const found = versionOf(`openjdk version "${version}"`)
    if (found === undefined) throw new Error(version)
    return found
  }
  test.each([
    ['8', ['1.8.0', '1.8.0_412'], ['1.7.0_80', '11.0.9.1', '18']],
    ['1.8', ['1.8.0', '1.8.0_412'], ['1.7.0_80', '11.0.2']],
    ['1.8.0_412', ['1.8.0_412'], ['1.8.0_411']],
    ['>=1.8.0_252 <1.9', ['1.8.0_252', '1.8.0_412'], ['1.8.0_242', '9', '11.0.2']],
    ['>=8.0.252 <9', ['1.8.0_252'], ['1.8.0_242', '9']],
    ['8 || 11', ['1.8.0_1', '11.0.9.1'], ['9', '17.0.15']],
    ['11.0.1', ['11.0.1'], ['11.0.11', '11.0.10']],
    ['>=17', ['17', '21.0.4'], ['21-ea', '11.0.2']],
    ['>=21.0.0-0', ['21-ea', '21'], ['20.0.1']],
  ])('%s', (range, inside, outside) => {
    const asked = rangeOf(range)
    expect(inside.filter((version) => !isIn(java(version), asked))).toEqual([])
    expect(outside.filter((version) => isIn(java(version), asked))).toEqual([])
  })

  test('no range is a mistake that says how one is written', () => {
    expect(() => rangeOf('java eight')).toThrow(/"java eight" is no range of versions; write it as/)
  })
})
