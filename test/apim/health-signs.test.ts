import { expect, test } from 'vitest'
import { fatalSigns } from '../../src/apim/health-signs.ts'

const fatal = (line: string) => fatalSigns.some(({ text }) => line.includes(text))

test.each([
  'System may be unstable: HTTP ListeningIOReactor encountered a checked exception : Address already in use',
  // With 8243 taken and 8280 free this one stands alone.
  'System may be unstable: HTTPS ListeningIOReactor encountered a checked exception : Address already in use',
  'LifeCycleException while starting tomcat connector',
])('a port of somebody else is a fatal sign, for "started" is said all the same: %s', (line) => {
  expect(fatal(`TID: [-1234] [] [2019-10-20 10:00:00,000]  WARN {x} - ${line}`)).toBe(true)
})

test('what a server always says is none', () => {
  expect(fatal('INFO {x} - WSO2 Carbon started in 57 sec')).toBe(false)
  expect(fatal('INFO {x} - Pass-through HTTPS Listener started on 0.0.0.0:8243')).toBe(false)
})
