import type { Check } from './check.ts'
import { fleetChecks } from './fleet-checks.ts'
import { machineChecks } from './machine-checks.ts'

/** All of them, by the name that stands before each finding. */
export const checks = { ...machineChecks, ...fleetChecks } satisfies Readonly<Record<string, Check>>

export type CheckName = keyof typeof checks

/** Findings that a person may decide to go on with. */
export const acceptable = Object.keys(checks).filter(
  (name) => checks[name as CheckName].level === 'asks',
) as readonly CheckName[]

/** The page that lists all of them. */
export function page(): string {
  const row = ([name, { level, reads, why, source }]: readonly [string, Check]) =>
    `| \`${name}\` | ${level} | ${reads} | ${why} | ${source} |`
  return `# Preflight

Everything here is read before anything is changed, and all that is found is told at once, each finding with its name and what to do about it.
\`blocks\`: the run ends with exit 2, nothing changed. \`asks\`: it blocks too, until a person has decided and the inventory names it
(\`preflight_accepted: [custom-sequence]\`); then it is only told. \`warns\`: it is told, and the run goes on.

| finding | level | what is read | why | source of the fact |
| --- | --- | --- | --- | --- |
${Object.entries(checks).map(row).join('\n')}

Besides, each host is asked who would start its server again by itself (units, init scripts, rc.local, crontabs); a play of its own asks each database what its user may do, whether the schema is whole and of the version that the inventory says, and
how many rows it has; another one which APIs each gateway serves; and the clean SVN repository whether it is empty. Artefacts have their SHA-256
checked when the inventory is read, and again on each machine.
`
}
