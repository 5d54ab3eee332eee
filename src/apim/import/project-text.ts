import { stringify } from 'yaml'
import { placeText } from '../../model/errors.ts'
import type { Json } from '../../model/json.ts'
import type { ProjectFacts, Risk, Said } from './facts.ts'

/** `hosts.yml` of a project: how to reach every host, what is on it, and what it is for. */
export function hostsText({ shared, hosts, groups }: ProjectFacts, title: readonly string[]): string {
  const own = hosts.flatMap(({ name, why, vars }) => [
    `    ${keyText(name)}: # ${comment(why)}`,
    ...vars.flatMap((one) => saidLines(one, 6)),
  ])
  const members = groups.flatMap(({ name, hosts: names, why }) => [
    `    ${name}: # ${comment(why)}`,
    ...(names.length === 0 ? [] : ['      hosts:', ...names.map((host) => `        ${keyText(host)}:`)]),
  ])
  const lines = [
    ...title.map((line) => `# ${comment(line)}`),
    'all:',
    ...(shared.length === 0 ? [] : ['  vars:', ...shared.flatMap((one) => saidLines(one, 4))]),
    '  hosts:',
    ...own,
    '  children:',
    ...members,
  ]
  return `${lines.join('\n')}\n`
}

/** `group_vars/all.yml` of a project: what is said of the whole fleet. */
export function siteText({ site }: ProjectFacts, title: readonly string[]): string {
  const lines = [
    ...title.map((line) => `# ${comment(line)}`),
    ...site.flatMap((one) => ['', ...saidLines(one, 0)]),
  ]
  return `${lines.join('\n')}\n`
}

/** `RISKS.md`: each risk with its place and what to do, what is to be filled in, and the secrets that were not copied. */
export function risksText(
  risks: readonly Risk[],
  missing: readonly string[],
  secrets: readonly string[],
): string {
  const part = (title: string, lines: readonly string[], none: string) => [
    `## ${title}`,
    '',
    ...(lines.length === 0 ? [none] : lines),
    '',
  ]
  return [
    '# Before this fleet is upgraded',
    '',
    ...part(
      'Risks',
      risks.flatMap((risk) => [`- [ ] ${riskLine(risk)}`, `      ${comment(risk.next)}`]),
      'None were found in the inventory.',
    ),
    ...part(
      'To be filled in',
      missing.map((line) => `- [ ] ${comment(line)}`),
      'Nothing: the inventory said it all.',
    ),
    ...part(
      'Secrets, which were not copied',
      secrets.map((line) => `- [ ] \`${comment(line)}\``),
      'There are none.',
    ),
  ]
    .join('\n')
    .replace(/\n+$/, '\n')
}

/** A risk in one line, its place first. */
export function riskLine({ kind, place, text }: Risk): string {
  const where = place === undefined ? '' : `${placeText(place)} `
  return comment(`${where}${kind}: ${text}`)
}

function saidLines({ name, value, why }: Said, indent: number): readonly string[] {
  const margin = ' '.repeat(indent)
  if (value === undefined) return [`${margin}# ${name}: TODO ${comment(why)}`]
  if (typeof value !== 'object' || value === null)
    return [`${margin}${name}: ${scalar(value)} # ${comment(why)}`]
  const isShort = !Array.isArray(value) && Object.keys(value).length === 1
  if (isShort) return [`${margin}${name}: ${flow(value)} # ${comment(why)}`]
  const block = stringify(value, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 })
  return [
    `${margin}# ${comment(why)}`,
    `${margin}${name}:`,
    ...block
      .trimEnd()
      .split('\n')
      .map((line) => `${margin}  ${line}`),
  ]
}

const flow = (value: Json): string =>
  `{ ${Object.entries(value as Readonly<Record<string, Json>>)
    .map(([key, item]) => `${key}: ${scalar(item)}`)
    .join(', ')} }`

/** A scalar that every reader of YAML takes for what it is. */
const scalar = (value: Json): string =>
  typeof value === 'string' &&
  /^(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z/~][\w/.@~+-]*$/i.test(value)
    ? value
    : JSON.stringify(value)

const keyText = (name: string): string => (/^[A-Za-z][\w.-]*$/.test(name) ? name : JSON.stringify(name))

/** What stands in an inventory is written by others: nothing of it may end a comment's line. */
const comment = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029\u0085]/gu, ' ')
