import { type Command, sh } from '../../model/command.ts'

/** Programs that an upgrade may want, which are looked for on the PATH. */
export const wanted = [
  ...['tar', 'unzip', 'zstd', 'rsync', 'xmllint', 'mysql', 'psql', 'svn', 'curl', 'wget'],
] as const

/**
 * One script for all that is asked of a machine; it only reads, with a POSIX sh and coreutils or busybox. Each line of its answer is
 * a word, a tab and a value; what a machine cannot tell is left out. No Java is started: a JDK's `release` file tells its version.
 */
export const factsScript: Command = sh.read`LC=$LANG; [ -z "$LC_ALL" ] || LC=$LC_ALL
tell() { [ -z "$2" ] || printf '%s\t%s\n' "$1" "$2"; }
each() { while IFS= read -r line; do tell "$1" "$line"; done; }
first() { if [ -r "$1" ]; then IFS= read -r line <"$1" || :; printf '%s' "$line"; fi; }
tell epoch "$(date -u +%s)"
tell hostname "$(uname -n)"
tell kernel "$(uname -r)"
tell system "$(uname -s)"
tell architecture "$(uname -m)"
for f in /etc/os-release /usr/lib/os-release; do if [ -r "$f" ]; then grep -E '^(ID|VERSION_ID|PRETTY_NAME)=' "$f" | each os; break; fi; done
tell vcpus "$(getconf _NPROCESSORS_ONLN 2>/dev/null || nproc 2>/dev/null)"
[ ! -r /proc/meminfo ] || grep -E '^(MemTotal|MemAvailable|MemFree|SwapTotal|SwapFree):' /proc/meminfo | each memory
tell uptime "$(first /proc/uptime 2>/dev/null)"
tell boot "$(first /proc/sys/kernel/random/boot_id 2>/dev/null)"
tell user "$(id -un 2>/dev/null)"
tell uid "$(id -u)"
tell gid "$(id -g)"
id -Gn 2>/dev/null | tr ' ' '\n' | each group
tell init "$(first /proc/1/comm 2>/dev/null)"
[ ! -d /run/systemd/system ] || tell systemd yes
tell locale "$LC"
df -P -k 2>/dev/null | each bytes
df -P -i 2>/dev/null | each inodes
jdk() { [ -x "$1/bin/java" ] || return 0; tell java "$2	$1	$(grep '^JAVA_VERSION=' "$1/release" 2>/dev/null)"; }
[ -z "$JAVA_HOME" ] || jdk "$JAVA_HOME" JAVA_HOME
java=$(command -v java 2>/dev/null) && java=$(readlink -f -- "$java" 2>/dev/null) && java=$(dirname -- "$(dirname -- "$java")") && { [ -r "$java/release" ] || [ "$(basename -- "$java")" != jre ] || java=$(dirname -- "$java"); jdk "$java" PATH; }
for home in /usr/lib/jvm/*; do [ -L "$home" ] || jdk "$home" /usr/lib/jvm; done
for tool in ${wanted}; do if path=$(command -v "$tool" 2>/dev/null); then tell tool "$tool	$path"; fi; done
for f in tcp tcp6; do [ ! -r "/proc/net/$f" ] || while read -r _ address _ state _; do [ "$state" != 0A ] || tell listen "$address"; done <"/proc/net/$f"; done
:`
