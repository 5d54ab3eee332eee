import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { sh } from '../../src/model/command.ts'
import { foundIn, question, type Service } from '../../src/modules/service/find.ts'

/** Who starts it on a machine with so many units, scripts and tables of others, and how many processes it took to find that out. */
function found(service: Service, others: number) {
  const { text } =
    sh`for d in /etc/systemd/system /etc/init.d /etc/default /etc/cron.d /run/systemd; do mkdir -p $d; mount -t tmpfs none $d; done
i=0; while [ $i -lt ${others} ]; do i=$((i + 1)); for f in /etc/systemd/system/other$i.service /etc/init.d/other$i /etc/cron.d/other$i; do echo "run=/opt/other/$i" >$f; done; done
echo '# /opt/am/bin is not here' >/etc/init.d/talk; echo 'AM=/opt/am/bin' >/etc/default/am; echo 'sh "$AM"' >/etc/init.d/am; ln -s /opt/am/init.d /etc/init.d/nowhere
echo '@reboot root /opt/am/bin/server.sh' >'/etc/cron.d/a|m&'; mkfifo /etc/cron.d/fifo /etc/systemd/system/fifo.service
before=$(sh -c 'echo $$'); ( ${question(service)} ); after=$(sh -c 'echo $$'); echo "$((after - before - 1))"`
  // Its own numbers of processes are given one after the other: what comes between two is what was started.
  const said = execFileSync('unshare', ['-mpf', '--mount-proc', '--kill-child', 'sh', '-c', text], {
    encoding: 'utf8',
  }).split('\n')
  return { ...foundIn(said.slice(0, -2).join('\n')), processes: Number(said.at(-2)) }
}

test('who starts a service is found with as many processes on a machine with hundreds of units and scripts as with few', () => {
  const few = found({ path: '/opt/am', args: ['/opt/am/bin/server.sh'] }, 3)
  const many = found({ path: '/opt/am', args: ['/opt/am/bin/server.sh'] }, 300)
  expect(few.supervisors).toEqual([
    { kind: 'sysv', script: '/etc/init.d/am', links: [] },
    { kind: 'line', file: '/etc/cron.d/a|m&', line: '@reboot root /opt/am/bin/server.sh' },
  ])
  expect(many).toEqual(few)
  expect(few.processes).toBeLessThan(60)
})
