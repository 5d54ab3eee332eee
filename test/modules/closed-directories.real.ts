import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Command, sh } from '../../src/model/command.ts'
import type { ExecOptions } from '../../src/model/connection.ts'
import * as file from '../../src/modules/file.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

// As another user than root, whom a mode keeps out.
const root = mkdtempSync(join(fastDirectory(), 'closed-'))
let local: LocalOn
let nobody: LocalOn
beforeAll(async () => {
  chmodSync(root, 0o755)
  mkdirSync(join(root, 'closed/deep/er'), { recursive: true })
  writeFileSync(join(root, 'closed/deep/er/f'), 'x')
  mkdirSync(join(root, 'open'))
  symlinkSync('../closed/deep', join(root, 'open/way'))
  symlinkSync(join(root, 'closed/deep/er/f'), join(root, 'open/link'))
  chmodSync(join(root, 'closed'), 0o700)
  local = await localOn(join(root, 'here'))
  const as = ({ text, reads }: Command) => {
    const command = sh`setpriv --reuid=65534 --regid=65534 --clear-groups -- sh -c ${text}`
    return { ...command, reads }
  }
  const exec = (command: Command, options?: ExecOptions) => local.on.exec(as(command), options)
  const must = (command: Command, options?: ExecOptions) => local.on.must(as(command), options)
  nobody = { ...local, on: { ...local.on, exec, must } }
})
afterAll(async () => {
  await local.close()
  rmSync(root, { recursive: true })
})

const at = (name: string) => join(root, name)
const closed = new RegExp(`${join(root, 'closed')} may not be entered`)

describe.each(['closed/f', 'closed/deep/f', 'closed/deep/er/f', 'open/way/er/f', 'open/way/none'])(
  'behind a directory that may not be entered, %s',
  (name) => {
    const path = at(name)
    test.each([
      ['stat', file.stat({ path })],
      ['absent', file.absent({ path })],
      ['slurp', file.slurp({ path })],
      ['copy', file.copy({ dest: path, content: 'x' })],
      ['lineInFile', file.lineInFile({ path, line: 'x', create: true })],
      ['directory', file.directory({ path })],
      ['rights', file.rights({ path, mode: '0600' })],
      ['link', file.link({ path, src: 'x' })],
      ['find', file.find({ paths: [path] })],
    ] as const)('file.%s says which, and not that nothing is there', async (_what, action) => {
      await expect(perform<unknown>(nobody, action)).rejects.toThrow(closed)
    })
  },
)

test('through a link to a file there too, and a link that leads nowhere is one', async () => {
  const looked = async (action: Parameters<typeof perform<unknown>>[1]) => (await perform(nobody, action)).out
  await expect(looked(file.stat({ path: at('open/link'), follow: true }))).rejects.toThrow(closed)
  await expect(looked(file.slurp({ path: at('open/link') }))).rejects.toThrow(closed)
  expect(await looked(file.stat({ path: at('open/link') }))).toMatchObject({ kind: 'link' })
})

test('where every directory may be entered, nothing is nothing', async () => {
  for (const name of ['none', 'none/none', 'open/none/none'])
    expect((await perform(nobody, file.stat({ path: at(name) }))).out).toEqual({ exists: false })
  expect((await perform(nobody, file.absent({ path: at('open/none') }))).changed).toBe(false)
})
