import { relative } from 'node:path'
import { findAnsibleCfg, readAnsibleCfg } from '../../inventory/ansible-cfg.ts'
import { insteadOf } from '../../inventory/ansible-settings.ts'
import type { Io } from '../../model/io.ts'
import { sanitize } from '../../model/sanitize.ts'
import { isTelling } from '../../model/telling.ts'
import { about, type Finding } from './finding.ts'

/** The settings of the `ansible.cfg` that Ansible would read here: none of them is read by this tool. What is used instead is said of each. */
export async function lookAtAnsible(io: Io, system?: string): Promise<readonly Finding[]> {
  const { fine, note, wrong, error } = about('ansible.cfg')
  const { file, unsafe } = await findAnsibleCfg({ ...io, ...(system !== undefined && { system }) })
  const passed =
    unsafe === undefined
      ? []
      : [
          note(
            `${unsafe}: everybody may write to its directory, so Ansible passes it over`,
            `chmod o-w '${io.cwd}'`,
          ),
        ]
  if (file === undefined) return [...passed, fine('none nearby')]
  const short = relative(io.cwd, file)
  const shown = short.startsWith('..') ? file : short
  try {
    const settings = await readAnsibleCfg(file)
    const findings = settings.map((setting) => {
      const { section, key, value, line } = setting
      if (value === undefined)
        return note(
          `${sanitize(`${shown}:${line} [${section}] ${key}`)}: expected key = value; Ansible refuses the file`,
        )
      const said = isTelling(key) && value !== '' ? '***' : value
      const what = sanitize(`${shown}:${line} [${section}] ${key} = ${said}`)
      const instead = insteadOf(setting)
      if (instead === undefined) return note(`${what} is not read: it is of Ansible alone`)
      if (instead.matters) return wrong(`${what} is not read: ${instead.text}`)
      return note(`${what} is not read; here: ${instead.text}`)
    })
    return [...passed, ...(findings.length === 0 ? [fine(`${shown} says nothing`)] : findings)]
  } catch (thrown) {
    return [...passed, ...error(thrown)]
  }
}
