import type { On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import type { PutOptions, Source, Stored } from '../../model/connection.ts'
import { ConnectionError, TaskError } from '../../model/errors.ts'
import { ask } from '../target.ts'
import { giveRights, pointTo, printer, type Rights } from './look.ts'
import { besideOf, enterPrivate, partsOf, privateOf } from './private.ts'

/** A file as it was before a change, and where the change notes what it wrote. */
export type Kept = {
  /** The path that is changed: where a link leads, if links are followed. */
  readonly path: string
  /** `none`, or `file` or `link` with the SHA-256 of the bytes or of where it leads. */
  readonly was: string
  /** Where its copy lies on the machine; null where there was nothing. */
  readonly copy: string | null
  /** A file of the machine with the state that each try gave to the path. */
  readonly written: string
}

/** What a path is to become, and how. */
export interface Storing extends Rights {
  /** The bytes, or what makes the file `t` on the machine. */
  readonly source: Source | { readonly made: Command }
  readonly put?: Pick<PutOptions, 'sha256' | 'cache' | 'onProgress'>
  /** A program that must accept the file under its temporary name, `%s`, before it gets its name. */
  readonly validate?: Validate | undefined
}

/** A command as words, or as text that is cut at its blanks: no shell reads it. `%s` stands for the file. */
export type Validate = string | readonly string[]

const changed = 3
const invalid = 4
const disowned = 5

/**
 * Keeps a copy of a file (or link) in the task's own directory: with mode, owner, times and extended attributes, complete
 * before its name appears, and never overwritten. Throws {@link TaskError} where something else stands there.
 */
export async function keepFile(on: On, path: string, follow: boolean): Promise<Kept> {
  const kept = await on.keep()
  const { code, stdout, stderr } = await ask(
    on,
    sh`${pointTo(path, follow)}
${printer}
umask 077; d=${kept}; n=1
was=$(print "$f") || exit 1
[ "$was" != none ] || reach "$f"
case $was in other) printf 'it is no file\n' >&2; exit 1 ;; esac
like() { stat -c '%f %u %g %Y' -- "$1" && print "$1"; }
while c=$d/before.$n; [ -e "$c" ] || [ -L "$c" ]; do [ "$(like "$c")" != "$(like "$f")" ] || break; n=$((n + 1)); done
if [ "$was" != none ] && [ ! -e "$c" ] && [ ! -L "$c" ]; then
rm -rf -- "$d/part" && cp -a -- "$f" "$d/part" && { sync -- "$d/part" 2>/dev/null || sync; } && mv -- "$d/part" "$c" || { rm -rf -- "$d/part"; exit 1; }
[ "$(print "$c")" = "$was" ] || { rm -f -- "$c"; printf 'it changed while it was copied\n' >&2; exit 1; }
fi
printf '%s\n%s\n' "$was" "$n"; [ "$was" = none ] || [ "$(stat -c %h -- "$f")" = 1 ] || echo names
printf %s "$f" | base64 | tr -d '\n'`,
    { timeout: 600 },
  )
  if (code !== 0) throw new TaskError(`${path} on ${on.name} cannot be kept for undo: ${stderr.trim()}`)
  const lines = stdout.split('\n')
  const [was = '', number = ''] = lines
  if (lines[2] === 'names')
    on.say(`${path} has further names (hard links): they keep what stood there before`)
  return {
    path: Buffer.from(lines.at(-1) ?? '', 'base64').toString(),
    was,
    copy: was === 'none' ? null : `${kept}/before.${number}`,
    written: `${kept}/written`,
  }
}

/**
 * Puts a file or link in the place of what was kept: made beside it, validated, renamed. A file gets the rights and extended
 * attributes of the one before, unless told others. Throws {@link TaskError}, nothing being changed, where somebody else has
 * changed what stands there since it was kept.
 */
export async function storeFile(on: On, kept: Kept, storing: Storing): Promise<void> {
  const { path, was, written } = kept
  const { source } = storing
  const temporary = besideOf(on, path)
  const stored = 'made' in source ? undefined : await putBeside(on, path, temporary, source, storing.put)
  const { name } = partsOf(path)
  const { code, stdout, stderr } = await ask(
    on,
    sh`${enterPrivate(on, path)}
f=../${name}; t=./new; b=../${partsOf(temporary).name}; trap 'rm -f -- "$b"; leave' EXIT; trap 'exit 9' HUP INT TERM PIPE
theirs() { printf 'the new file was changed by somebody else\n' >&2; exit 1; }
${printer}
${
  'made' in source
    ? sh`umask 077; rm -f -- "$b"; { ${source.made}; } || exit 1; state=$(print "$t")`
    : sh`state=${`file ${stored?.sha256}`}; mv -T -- "$b" "$t" || exit 1
{ [ -f "$t" ] && [ ! -L "$t" ] && [ "$(stat -c '%u %h' -- "$t")" = "$(id -u) 1" ]; } || theirs`
}
if [ -f "$t" ] && [ ! -L "$t" ]; then
if [ -f "$f" ] && [ ! -L "$f" ]; then
cp -a --attributes-only -- "$f" "$t" 2>/dev/null || { chown -- "$(stat -c %u:%g -- "$f")" "$t" 2>/dev/null; chmod -- "$(stat -c %a -- "$f")" "$t"; } || exit 1
{ [ -f "$t" ] && [ ! -L "$t" ]; } || theirs
[ "$(stat -c '%u:%g:%a' -- "$f")" = "$(stat -c '%u:%g:%a' -- "$t")" ] || exit ${disowned}
else chmod 0600 -- "$t"; fi
touch -- "$t"
fi
${giveRights(storing)}
${storing.validate === undefined ? sh`:` : validated(storing.validate, `${privateOf(on, path)}/new`)}
[ "$(print "$t")" = "$state" ] || theirs
printf '%s\n' "$state" >>${written} && { sync -- ${written} 2>/dev/null || sync; } || exit 1
[ -L "$t" ] || sync -- "$t" 2>/dev/null || sync
now=$(print "$f"); if [ "$now" != ${was} ] && ! grep -qxF -e "$now" -- ${written}; then exit ${changed}; fi
mv -fT -- "$t" "$f" || exit 1
sync -- .. 2>/dev/null || sync`,
    { timeout: 600 },
  )
  if (code === 0) return
  const said = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '')
  const where = `${path} on ${on.name}`
  if (code === changed)
    throw new TaskError(
      `${where} was changed by somebody else since it was looked at, and is left as it is: look at it, then run again`,
    )
  if (code === invalid)
    throw new TaskError(`${where} is left as it is: the new one was refused`, said.slice(-12))
  if (code === disowned)
    throw new TaskError(
      `${where} is left as it is: its owner or group cannot be kept by this user; become one who may`,
    )
  throw new TaskError(`${where} could not be written, and is left as it is`, said.slice(-12))
}

/**
 * Brings back what was kept. What somebody else made of the file since is not lost: it is moved aside, which is said.
 * Harmless when repeated, and where nothing was done.
 */
export async function bringFileBack(on: On, kept: Kept): Promise<void> {
  const { path, was, copy, written } = kept
  const aside = `${path}.aside-${on.run}`
  const beside = besideOf(on, path)
  const { code, stdout, stderr } = await ask(
    on,
    sh`f=${path}; c=${copy ?? ''}; w=${written}; a=${aside}
${printer}
like() { stat -c '%f %u %g %Y %s' -- "$1"; }
now=$(print "$f") || exit 1
if [ "$now" = ${was} ]; then if [ "$now" = none ] || [ "$(like "$f")" = "$(like "$c")" ]; then rm -rf -- ${beside} ${privateOf(on, path)}; exit; fi; fi
${enterPrivate(on, path)}
f=../${partsOf(path).name}; r=../${partsOf(aside).name}; trap leave EXIT; trap 'exit 9' HUP INT TERM PIPE
rm -f -- ../${partsOf(beside).name}
if [ "$now" != ${was} ] && [ "$now" != none ] && ! { [ -f "$w" ] && grep -qxF -e "$now" -- "$w"; }; then
n=; i=0; while [ -e "$r$n" ] || [ -L "$r$n" ]; do i=$((i + 1)); n=.$i; done
${copy === null ? sh`mv -T -- "$f" "$r$n"` : sh`if [ -d "$f" ] && [ ! -L "$f" ]; then mv -T -- "$f" "$r$n"; else cp -aT -- "$f" ./theirs && mv -T -- ./theirs "$r$n"; fi`} || exit 1
printf 'aside %s\n' "$(printf %s "$a$n" | base64 | tr -d '\n')"
now=aside; fi
${
  copy === null
    ? sh`[ "$now" = aside ] || rm -f -- "$f" || exit 1`
    : sh`cp -aT -- "$c" ./new && [ "$(print ./new)" = ${was} ] && { sync -- ./new 2>/dev/null || sync; } && mv -fT -- ./new "$f" || exit 1`
}
sync -- .. 2>/dev/null || sync`,
    { timeout: 600 },
  )
  const [, moved] = /^aside (\S+)$/m.exec(stdout) ?? []
  if (moved !== undefined)
    on.say(
      `${path} was changed by somebody else after this run; what stood there is now ${Buffer.from(moved, 'base64').toString()}`,
    )
  if (code !== 0) throw new TaskError(`${path} on ${on.name} could not be brought back`, [stderr.trim()])
}

async function putBeside(
  on: On,
  path: string,
  temporary: string,
  source: Source,
  put: Storing['put'],
): Promise<Stored> {
  try {
    return await on.put(source, temporary, { ...put, mode: 0o600 })
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error
    throw new ConnectionError(error.host, error.fault, error.message.replaceAll(temporary, path))
  }
}

// It may be run as another user, and look for the file from another directory: there may be looked into, and not written to.
const validated = (validate: Validate, path: string): Command =>
  sh`chmod 0711 . && ( t=${path}; ${validator(validate)} ) </dev/null 2>&1 || exit ${invalid}`

/** The command that validates `t`. Throws a {@link TypeError} where it does not say where the file's name goes. */
export function validator(validate: Validate): Command {
  const words = typeof validate === 'string' ? validate.trim().split(/\s+/) : validate
  if (!words.some((word) => word.includes('%s')))
    throw new TypeError(`\`validate\` has no %s for the file's name: ${words.join(' ')}`)
  return words.reduce((line, word) => {
    const parts = word.split('%s')
    const quoted = parts
      .slice(1)
      .reduce((done, part) => sh`${done}"$t"${quotedPart(part)}`, quotedPart(parts[0] ?? ''))
    return sh`${line} ${quoted}`
  }, sh``)
}

const quotedPart = (part: string): Command => (part === '' ? sh`` : sh`${part}`)
