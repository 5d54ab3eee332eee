import { describe, expect, test } from 'vitest'
import { ownLogging, withLevels } from '../../src/apim/logging.ts'

const root =
  'log4j.rootLogger=ERROR, CARBON_CONSOLE, CARBON_LOGFILE, CARBON_MEMORY, CARBON_SYS_LOG, ERROR_LOGFILE\n'

describe("what an operator changed of the packs' loggers", () => {
  test.each([
    [
      'nothing',
      `${root}log4j.category.org.apache.synapse=INFO\nlog4j.logger.com.atomikos = INFO,ATOMIKOS\n`,
      {},
      [],
    ],
    ['a comment', '#log4j.logger.org.apache.synapse.transport.http.wire=DEBUG\n', {}, []],
    ['a logger of its own', 'log4j.logger.com.example=debug\n', { 'com.example': 'DEBUG' }, []],
    [
      "a level of the packs'",
      'log4j.category.org.apache.synapse=TRACE\n',
      { 'org.apache.synapse': 'TRACE' },
      [],
    ],
    ['the last of two', 'log4j.logger.a=INFO\nlog4j.logger.a=OFF\n', { a: 'OFF' }, []],
    [
      "a level of one with the packs' appender",
      'log4j.logger.com.atomikos=DEBUG, ATOMIKOS\n',
      { 'com.atomikos': 'DEBUG' },
      [],
    ],
    [
      'where it writes to',
      'log4j.logger.a=DEBUG, SPLUNK\nlog4j.appender.SPLUNK=com.example.SplunkAppender\nlog4j.appender.SPLUNK.token=secret\n',
      { a: 'DEBUG' },
      ['log4j.logger.a writes to SPLUNK', 'the appender SPLUNK (SplunkAppender)'],
    ],
    [
      'the root',
      'log4j.rootLogger=DEBUG, CARBON_LOGFILE\n',
      {},
      ['log4j.rootLogger is DEBUG,CARBON_LOGFILE'],
    ],
    ['no level', 'log4j.logger.a=LOUD\n', {}, ['log4j.logger.a has the level "LOUD", which is none']],
    [
      'silence where a start is told',
      'log4j.logger.org.wso2.carbon=WARN\nlog4j.logger.org.wso2.carbon.registry=WARN\nlog4j.logger.org.wso2=DEBUG\n',
      { 'org.wso2.carbon.registry': 'WARN', 'org.wso2': 'DEBUG' },
      ['log4j.logger.org.wso2.carbon is WARN: new homes keep INFO, by which their start is told'],
    ],
  ])('%s', (_what, text, levels, lost) => {
    expect(ownLogging(text)).toEqual({ levels, lost })
  })
})

describe('levels in a new home', () => {
  test('up to 2.6.0 beside what the logger writes to', () => {
    const pack = `${root}log4j.category.org.apache.synapse=INFO\nlog4j.logger.com.atomikos=INFO,ATOMIKOS\n`
    const levels = { 'org.apache.synapse': 'DEBUG', 'com.atomikos': 'WARN', a: 'TRACE' }
    const after = withLevels(pack, 'log4j.properties', levels)
    expect(after).toBe(
      `${root}log4j.category.org.apache.synapse=DEBUG\nlog4j.logger.com.atomikos=WARN, ATOMIKOS\nlog4j.logger.a=TRACE\n`,
    )
    expect(ownLogging(after).levels).toEqual(levels)
    expect(withLevels(after, 'log4j.properties', levels)).toBe(after)
  })

  test('by an id that no other logger has', () => {
    const pack = 'loggers = synapse\nlogger.synapse.name = org.apache.synapse\nlogger.synapse.level = INFO\n'
    const after = withLevels(pack, 'log4j2.properties', { synapse: 'WARN', 'a.b-c': 'INFO', 'a.b.c': 'OFF' })
    expect(after).toBe(
      'loggers = synapse, synapse-2, a-b-c, a-b-c-2\nlogger.synapse.name = org.apache.synapse\nlogger.synapse.level = INFO\nlogger.synapse-2.name = synapse\nlogger.synapse-2.level = WARN\nlogger.a-b-c.name = a.b-c\nlogger.a-b-c.level = INFO\nlogger.a-b-c-2.name = a.b.c\nlogger.a-b-c-2.level = OFF\n',
    )
  })

  test('from 3.0.0 on by id, and each in the list, without which it does not count', () => {
    const pack =
      'loggers = synapse, \\\n  other\nlogger.synapse.name = org.apache.synapse\nlogger.synapse.level = INFO\nlogger.unlisted.name = org.wso2\nlogger.unlisted.level = INFO\n'
    const levels = { 'org.apache.synapse': 'DEBUG', 'org.wso2': 'DEBUG', 'com.example.a_b': 'TRACE' }
    const after = withLevels(pack, 'conf/log4j2.properties', levels)
    expect(after).toBe(
      'loggers = synapse, other, unlisted, com-example-a_b\nlogger.synapse.name = org.apache.synapse\nlogger.synapse.level = DEBUG\nlogger.unlisted.name = org.wso2\nlogger.unlisted.level = DEBUG\nlogger.com-example-a_b.name = com.example.a_b\nlogger.com-example-a_b.level = TRACE\n',
    )
    expect(withLevels(after, 'conf/log4j2.properties', levels)).toBe(after)
  })
})
