import type { Serial } from '../../src/model/play.ts'

/** How many hosts, their `serial`, and the waves that Ansible makes of them: test/run/ansible.real.ts asks Ansible itself. */
export const serialCases: readonly (readonly [
  hosts: number,
  serial: Serial | undefined,
  waves: readonly number[],
])[] = [
  [10, undefined, [10]],
  [10, [1, 2, 3], [1, 2, 3, 3, 1]],
  [10, [1, '20%', -1], [1, 2, 7]],
  [10, '25%', [2, 2, 2, 2, 2]],
  [10, '5%', [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  [10, '29%', [2, 2, 2, 2, 2]],
  [10, ['10%', '50%', '100%'], [1, 5, 4]],
  [10, [20], [10]],
  [10, [2, 0], [2, 8]],
  [7, 3, [3, 3, 1]],
  [3, '34%', [1, 1, 1]],
  [3, '67%', [2, 1]],
  [3, '150%', [3]],
  [4, 0, [4]],
  [4, -1, [4]],
]
