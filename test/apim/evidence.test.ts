import { describe, expect, test } from 'vitest'
import {
  type ClientName,
  evidenceLines,
  expectations,
  judge,
  proved,
  textsOf,
} from '../../src/apim/evidence.ts'

const info = (text: string) => `TID: [-1234] [] [2026-01-01 00:00:00,000]  INFO {a.B} -  ${text} {a.B}`
const error = (text: string) => `TID: [-1234] [] [2026-01-01 00:00:00,000] ERROR {a.B} -  ${text} {a.B}`
const good = (client: ClientName) => ({
  client,
  lines: textsOf(expectations[client].required).map(info),
  started: true,
  steps: [],
  tail: [],
})
const clients = Object.keys(expectations) as ClientName[]

describe('a client', () => {
  test.each(clients)('%s is known by signs that each have a source', (client) => {
    const { required, forbidden, allowed } = expectations[client]
    expect(required.length).toBeGreaterThan(0)
    for (const { text, source } of [...required, ...forbidden, ...allowed])
      expect([text.length > 5, source.length > 10], text).toEqual([true, true])
  })

  test.each(clients)('%s is proved by its lines', (client) => {
    expect(judge(client, good(client))).toEqual([])
  })

  test.each(clients)('%s is not proved by saying nothing', (client) => {
    const said = judge(client, { ...good(client), lines: [] })
    expect(said).toEqual(textsOf(expectations[client].required).map((text) => `missing: ${text}`))
  })

  test.each(clients)('%s is not proved after an error that nobody expects', (client) => {
    const evidence = good(client)
    const wrong = error('Something else went wrong')
    expect(judge(client, { ...evidence, lines: [...evidence.lines, wrong] })).toEqual([wrong])
  })

  test('that is not proved is told with the causes of its errors, each once, without the value of a key that is there twice', async () => {
    const twice = "Caused by: java.sql.SQLException: Duplicate entry 'a-token' for key 'PRIMARY'"
    const postgresql = 'Caused by: x: ERROR: Detail: Key (token)=(a-token) already exists.'
    const evidence = {
      ...good('5.9.0 identity'),
      lines: [error('it failed')],
      causes: [twice, twice, postgresql],
    }
    const { work, input } = proved(evidence)
    if (work.kind !== 'observe') throw new Error('proved only looks')
    await expect(work.read({} as never, input)).rejects.toMatchObject({
      evidence: [
        error('it failed'),
        expect.stringMatching(/^missing: /),
        "Caused by: java.sql.SQLException: Duplicate entry '...' for key 'PRIMARY'",
        'Caused by: x: ERROR: Detail: Key (token)=(...) already exists.',
      ],
    })
  })

  test('that says it is done after a caught exception is not believed', () => {
    const evidence = good('2.0.0 migrateDB')
    const wrong = info('SQL exception occurred while migrating')
    const done = info('WSO2 API Manager migration component successfully activated.')
    expect(judge('2.0.0 migrateDB', { ...evidence, lines: [...evidence.lines, wrong, done] })).toEqual([
      wrong,
    ])
  })

  test('may complain of what is still old in its hop, and only there', () => {
    const line = error("Table 'am.IDP_METADATA' doesn't exist")
    const with_ = (client: ClientName) => ({ ...good(client), lines: [...good(client).lines, line] })
    expect(judge('2.0.0 migrateReg', with_('2.0.0 migrateReg'))).toEqual([])
    expect(judge('3.0.0 artefacts', with_('3.0.0 artefacts'))).toEqual([line])
  })

  test('may complain in the words of PostgreSQL too, which writes names in lower case', () => {
    const old = ['relation "idp_metadata" does not exist', 'column "token_id" does not exist'].map(error)
    const query = error('Error occurred while finding the foreign key deletion query for execution')
    const with_ = (client: ClientName, ...lines: string[]) =>
      judge(client, { ...good(client), lines: [...good(client).lines, ...lines] })
    expect(with_('2.0.0 migrateReg', ...old)).toEqual([])
    expect(with_('5.9.0 identity', ...old)).toEqual(old)
    // Its zip lacks that query for PostgreSQL alone.
    expect(with_('2.0.0 migrateDB, PostgreSQL', ...old, query)).toEqual([])
    expect(with_('2.0.0 migrateDB', ...old, query)).toEqual([query])
  })

  test('must have named every step that its configuration asks for', () => {
    const step = 'Version : 5.3.0, Migration Step : SchemaMigrator of order : 1 is starting'
    const evidence = { ...good('5.7.0 identity'), steps: [step] }
    expect(judge('5.7.0 identity', evidence)).toEqual([`missing: ${step}`])
    expect(judge('5.7.0 identity', { ...evidence, lines: [...evidence.lines, info(`${step}...`)] })).toEqual(
      [],
    )
  })

  test('whose server did not start shows its last output', () => {
    const evidence = { ...good('5.7.0 identity'), started: false, tail: ['Error: no Java'] }
    expect(judge('5.7.0 identity', evidence)).toEqual([
      'the server of the client did not start; its output ended:',
      '  Error: no Java',
    ])
  })

  test('with more lines than are kept is not proved: what is beyond them is not known', () => {
    const evidence = good('3.0.0 artefacts')
    const many = Array.from({ length: evidenceLines }, () => info('Migration Step : x is starting'))
    expect(judge('3.0.0 artefacts', { ...evidence, lines: [...evidence.lines, ...many] })).toEqual([
      expect.stringMatching(/such lines or more/),
    ])
  })

  test('of 5.1.0 that finds its work done is not proved: the run before may have ended half-way', () => {
    const evidence = good('5.1.0 identity')
    const again = info('Identity schema is already migrated')
    expect(judge('5.1.0 identity', { ...evidence, lines: [...evidence.lines, again] })).toEqual([again])
  })
})
