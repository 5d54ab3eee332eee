import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSsh } from '../../src/connect/ssh.ts'
import { typed } from '../../src/model/command.ts'
import type { Connection } from '../../src/model/connection.ts'
import { startSshd } from './sshd.ts'

// A systemctl that keeps a unit's state in files, and answers `show` in systemd's own form. Like systemd it goes by what it
// has loaded: a file that was changed since counts when it is told to look, or enables or disables.
const systemctl = `#!/bin/sh
s=/etc/systemd/system; r=/run/standin; v=$1; shift
while [ "$1" = -p ]; do shift 2; done
while case $1 in --|-q) ;; *) false ;; esac; do shift; done; u=$1
echo "$v $u" >>/run/calls; [ -d $r ] || mkdir $r
now() { cat $s/$1 $s/$1.d/*.conf 2>/dev/null; :; }
loads() { for f in $s/*.service; do [ ! -f "$f" ] || now "\${f##*/}" >$r/\${f##*/}.loaded; done; }
of() { read -r x 2>/dev/null <$1 && echo "$x" || echo $2; }
case $v in
show) [ -f $r/$u.loaded ] || now $u >$r/$u.loaded; l=not-found; [ ! -f $s/$u ] || l=loaded
n=no; [ "$(now $u)" = "$(cat $r/$u.loaded)" ] || n=yes
restart=no; while IFS= read -r x; do case $x in Restart=*) restart=\${x#*=} ;; esac; done <$r/$u.loaded
printf 'Restart=%s\\nId=%s\\nTriggeredBy=\\nLoadState=%s\\nActiveState=%s\\nUnitFileState=%s\\nNeedDaemonReload=%s\\n' $restart $u $l "$(of $r/$u.active inactive)" "$(of $r/$u.enabled disabled)" $n ;;
start) echo active >$r/$u.active ;;
stop) echo inactive >$r/$u.active ;;
is-enabled) [ "$(of $r/$u.enabled disabled)" = enabled ] ;;
enable) echo enabled >$r/$u.enabled; loads ;;
disable) echo disabled >$r/$u.enabled; loads ;;
daemon-reload) loads ;;
esac
`

/** What a server's processes have among their arguments. */
export const serverArgs = ['/opt/am-old/bin/server.sh', 'service-under-test'] as const

// It returns when the process shows its own command line: no try after it finds less. The server forks nothing, so that it is one process in every look.
const server = `#!/bin/sh
[ -p /run/never ] || mkfifo /run/never
setsid sh -c 'read -r nothing </run/never' "$1" -Dmark=$$ ${serverArgs[1]} </dev/null >/dev/null 2>&1 &
until grep -qzsx ${serverArgs[1]} /proc/$!/cmdline; do :; done
`
// A script of init.d that lies like those of servers: its stop returns before anything has ended.
const init = `#!/bin/sh
case $1 in start) /run/server ${serverArgs[0]} ;; esac
`

/** A machine whose `/etc`, `/run` and processes are its own, with a stand-in for systemctl, a program `/run/server` that starts a server, and one for init.d. */
export interface ServiceMachine {
  readonly connection: Connection
  /** Runs a script there, which must end well, and gives what it says. */
  must(script: string): Promise<string>
  /** As new: no unit, no script, no table of ours; PID 1 is systemd, as far as one can see, or not. */
  reset(systemd: boolean): Promise<void>
  stop(): Promise<void>
}

/** Starts one (as root). */
export async function startServiceMachine(address: string): Promise<ServiceMachine> {
  const sshd = await startSshd(address, [], 2222, (directory) => {
    writeFileSync(join(directory, 'systemctl'), systemctl, { mode: 0o755 })
    writeFileSync(join(directory, 'server'), server, { mode: 0o755 })
    writeFileSync(join(directory, 'init'), init, { mode: 0o755 })
    return [
      'unshare',
      '-mpf',
      '--mount-proc',
      '--kill-child',
      'sh',
      '-ec',
      `mount -t tmpfs none /mnt; cp -a /etc/. /mnt; mount --bind /mnt /etc; umount /mnt
mount -t tmpfs none /run; mkdir -p /run/sshd; cp '${directory}/server' '${directory}/init' /run
mount --bind '${directory}/systemctl' /usr/bin/systemctl; exec "$@"`,
      'sh',
      '/usr/sbin/sshd',
    ]
  })
  const connection = await openSsh(sshd.endpoint, { secrets: () => '', home: sshd.directory })
  const must = async (script: string) => {
    const result = await connection.exec(typed(script))
    if (result.kind === 'exit' && result.code === 0) return result.stdout
    throw new Error(`${script}\n${JSON.stringify(result)}`)
  }
  return {
    connection,
    must,
    reset: async (systemd) => {
      await must(`for p in /proc/[0-9]*; do ! grep -qzsx ${serverArgs[1]} $p/cmdline || kill -KILL "$(basename $p)"; done
rm -rf /etc/systemd /etc/init.d /etc/rc*.d /etc/rc.local /etc/cron.d /run/standin /run/systemd /run/calls
mkdir -p /etc/systemd/system /etc/init.d /etc/rc2.d /etc/cron.d${systemd ? ' /run/systemd/system' : ''}`)
    },
    stop: async () => {
      await connection.close()
      await sshd.stop()
    },
  }
}
