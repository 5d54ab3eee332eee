import { expect, test } from 'vitest'
import { supervisorsIn } from '../../src/apim/supervisor.ts'

const unit = '/etc/systemd/system/wso2apim.service'

test.each([
  ['nothing', [], []],
  ['a unit that a boot starts', [`unit ${unit} enabled active`], [/wso2apim\.service \(enabled, active\)/]],
  ['a unit that runs, though no boot starts it', [`unit ${unit} disabled active`], [/disable --now/]],
  ['a unit of which nothing is known', [`unit ${unit} unknown unknown`], [/unknown/]],
  ['a unit that is off', [`unit ${unit} disabled inactive`, `unit ${unit} masked failed`], []],
  [
    'a server under a unit whose file names no home',
    ['cgroup apim-gw.service'],
    [/apim-gw\.service \(it runs/],
  ],
  ['a unit told twice', [`unit ${unit} enabled active`, 'cgroup wso2apim.service'], [/enabled, active/]],
  ['a server that a person started', ['cgroup ssh.service', 'cgroup user@1001.service'], []],
  ['a line of rc.local', ['line /etc/rc.local:su - wso2 -c /opt/am/bin/wso2server.sh'], [/rc\.local/]],
  ['a line that is a comment', ['line /etc/rc.local:  # /opt/am/bin/wso2server.sh start'], []],
  ['a crontab', ['line crontab:@reboot /opt/am/bin/wso2server.sh start'], [/the user's crontab/]],
] as const)('%s', (_, lines, expected) => {
  const found = supervisorsIn(lines)
  expect(found).toHaveLength(expected.length)
  for (const [at, words] of expected.entries()) expect(found[at]).toMatch(words)
})
