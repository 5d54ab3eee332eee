import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { fakeMachine } from '../../src/connect/fake.ts'
import { readOnly } from '../../src/connect/read-only.ts'
import { sh } from '../../src/model/command.ts'

test('what may change the machine is refused before it is sent', async () => {
  const machine = fakeMachine({ files: { '/etc/hosts': 'localhost' }, respond: () => ({ stdout: 'seen' }) })
  const job = await machine.connect().job('a', sh`before`)
  const connection = readOnly(machine.connect())
  expect(await connection.exec(sh`rm -r /`)).toMatchObject({ kind: 'refused' })
  await expect(connection.put({ text: '' }, '/tmp/x')).rejects.toMatchObject({ fault: 'refused' })
  await expect(connection.job('b', sh.read`true`)).rejects.toMatchObject({ fault: 'refused' })
  const [known] = await connection.jobs('')
  await expect(known?.cancel()).rejects.toMatchObject({ fault: 'refused' })
  expect(await known?.wait()).toEqual(await job.wait())
  expect(await connection.exec(sh.read`look`)).toMatchObject({ kind: 'exit', stdout: 'seen' })
  expect(await connection.get('/etc/hosts', new PassThrough().resume())).toMatchObject({ size: 9 })
  expect(machine.commands).toEqual(['before', 'look'])
})
test('our directory is found, never made', async () => {
  const none = readOnly(fakeMachine().connect())
  await expect(none.workdir()).rejects.toMatchObject({ fault: 'refused' })
  const there = readOnly(fakeMachine({ respond: () => ({ stdout: '/root/.upgrade-fleet\n' }) }).connect())
  expect(await there.workdir()).toBe('/root/.upgrade-fleet')
})
