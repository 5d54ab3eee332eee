import { type Command, sh } from '../../model/command.ts'

/**
 * Shell for lists of trees, a line for each entry: kind, mode, owner, group, size, time, SHA-256, name. In names a backslash is `\s`
 * and a line end `\n`; a link's name ends in `//` and where it leads. `listed` prints the list of the directory where the shell is,
 * and a line `broken` where something went away meanwhile; `same` is one digest of what would be listed, without reading files.
 * Sockets are left out, since they go with who listens. `spelt` writes names for tar and rm again. Needs GNU's programs.
 */
export function listing(exclude: readonly string[] = []): Command {
  const tests = exclude.flatMap((pattern, at) => [
    ...(at === 0 ? [] : ['-o']),
    ...(pattern.includes('/') ? ['-path', `./${pattern.replace(/^\//, '')}`] : ['-name', pattern]),
  ])
  const pruned = exclude.length === 0 ? sh.read`` : sh.read`-mindepth 1 \( ${tests} \) -prune -o`
  const root = exclude.length === 0 ? sh.read`` : sh.read`find . -maxdepth 0 "$@"; `
  return sh.read`export LC_ALL=C TZ=UTC0; unset TAR_OPTIONS GZIP
all() { ${root}find . ${pruned} "$@"; }
escaped() { sed -z 's/\\/\\s/g; s/\n/\\n/g' | tr '\0' '\n'; }
spelt() { tr '\n' '\0' | sed -z 's/\\n/\n/g; s/\\s/\\/g'; }
files() { all -type f -print0 | sort -z; }
names() { cut -d ' ' -f 8- | sed 's|//.*||'; }
listed() { {
all -type d -printf 'd %m %U %G - %T@ - %p\0' | escaped
all -type l -printf 'l - %U %G - %T@ - %p//%l\0' | escaped
{ files | xargs -0 -r sha256sum -- | sed 's/^\\//' | cut -c1-64; echo --
files | xargs -0 -r stat --printf 'f %a %u %g %s %.9Y\n' --; echo --
files | escaped; } | awk '$0 == "--" { part++; next } part == 0 { sum[++a] = $0 } part == 1 { is[++b] = $0 } part == 2 { print is[++c], sum[c], $0 } END { if (a != b || b != c) print "broken" }'
} | sort; }
same() { all ! -type s -printf '%y %m %U %G %s %T@ %C@ %p\0' | sort -z | sha256sum; }
odd() { all ! -type f ! -type d ! -type l ! -type s -print0 | escaped | head -n 3; }`
}

/** Shell that has `whose` leave owners out of a list where who runs it cannot give files to others. */
export const whose: Command = sh.read`whose() { if [ "$(id -u)" = 0 ]; then cat; else cut -d ' ' -f 1,2,5-; fi; }`

/** Shell that fails with 3 unless GNU's tar and find are there. */
export const gnu: Command = sh.read`tar --version 2>/dev/null | grep -q 'GNU tar' || { echo 'GNU tar is needed, and is not there'; exit 3; }
find --version 2>/dev/null | grep -q GNU || { echo 'GNU find is needed, and is not there'; exit 3; }`

/** How an archive of a tree is read back. */
export const treeReading = {
  count: sh.read`tar -tf - | wc -l`,
  ends: sh.read`[ "$(tail -c 1024 | od -An -v -tx1 | tr -d ' \n')" = ${'0'.repeat(2048)} ]`,
  end: 'two blocks of zeros',
}
