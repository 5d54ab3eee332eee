import { join } from 'node:path'
import { expect, it } from 'vitest'
import { placeOfMissingExport } from '../../src/load/missing-export.ts'
import { files } from '../support/site.ts'

it('finds where a missing export is imported', async () => {
  const cwd = await files({
    'a.ts': "import { play } from 'upgrade-fleet'\n",
    'b.ts':
      "import { play } from 'upgrade-fleet'\nimport {\n  play as p,\n  plabook,\n} from 'upgrade-fleet'\n",
  })
  const inputs = [join(cwd, 'a.ts'), join(cwd, 'b.ts')]
  const message = "The requested module 'file:///x/index.js' does not provide an export named 'plabook'"
  expect(await placeOfMissingExport(message, inputs)).toEqual({ file: inputs[1], line: 4, column: 3 })
  expect(await placeOfMissingExport('no', inputs)).toBeUndefined()
})
