import { expect, test } from 'vitest'
import { withoutForks } from '../../src/modules/process.ts'

const stat = (pid: number, parent: number, name = 'java') =>
  `${pid} (${name}) S ${parent} ${pid} ${pid} 0 -1 0 0 0 0 0 1 1 0 0 20 0 9 0 ${pid}00 1 1`

test("a child that still shows its parent's command line is not counted as a process of its own", () => {
  const lines = [stat(10, 1), 'java\t-Dx', stat(11, 10), 'java\t-Dx', stat(20, 2, 'a (b) c'), 'java\t-Dx']
  expect(withoutForks(lines)).toEqual([
    { pid: 10, started: '1000', args: ['java', '-Dx'] },
    { pid: 20, started: '2000', args: ['java', '-Dx'] },
  ])
})
