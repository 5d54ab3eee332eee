import type { AnsibleSetting } from './ansible-cfg.ts'

/** What to do here about a setting of Ansible's: `matters` where the same inventory means something else without it. */
export interface Instead {
  readonly matters: boolean
  readonly text: string
}

const always = 'always so here'

/** By section and key; a key stands for the same in every section where the section is left out. */
const known: Readonly<Record<string, string>> = {
  'defaults.forks': '--forks (50 unless said)',
  'defaults.remote_user': '-u, or ansible_user in the inventory',
  'defaults.remote_port': 'ansible_port in the inventory',
  'defaults.host_key_checking':
    'keys are always checked: upgrade-fleet hostkeys scan, hostkeys trust, or --host-key-checking accept-new',
  'defaults.private_key_file': '--private-key, or ansible_ssh_private_key_file in the inventory',
  'defaults.inventory': '-i, or UPGRADE_FLEET_INVENTORY',
  'defaults.hostfile': '-i, or UPGRADE_FLEET_INVENTORY',
  'defaults.timeout': '-T, or ansible_timeout in the inventory',
  'defaults.ask_pass': '-k',
  'defaults.ask_vault_pass': '--ask-vault-pass',
  'defaults.vault_password_file': '--vault-password-file, or ANSIBLE_VAULT_PASSWORD_FILE',
  'defaults.vault_identity_list': '--vault-id',
  'defaults.become_password_file': 'ansible_become_password: { file: /absolute/path } in the inventory',
  'defaults.connection_password_file': 'ansible_password: { file: /absolute/path } in the inventory',
  'defaults.transport': 'ansible_connection in the inventory: ssh, openssh or local',
  'defaults.any_errors_fatal': 'anyErrorsFatal of a play',
  'defaults.strategy': 'strategy of a play: linear or free',
  'defaults.force_handlers': `${always}: handlers outlive a failure`,
  'defaults.no_log': `${always}: values of secrets are hidden everywhere`,
  'defaults.log_path': 'upgrade-fleet logs, and the journal of each run',
  'defaults.retry_files_enabled': '--limit @run:RUN:failed',
  'defaults.retry_files_save_path': '--limit @run:RUN:failed',
  'defaults.stdout_callback': '--output tree, lines, json or quiet',
  'defaults.nocolor': 'NO_COLOR=1 in the environment',
  'defaults.verbosity': '-v',
  'defaults.task_timeout': 'timeout of a task; --task-timeout of exec',
  'defaults.playbook_dir': '--playbook-dir',
  'defaults.remote_tmp': 'upgrade_fleet_dir in the inventory',
  'defaults.pipelining': `${always}: commands go through one shell of a connection`,
  'connection.pipelining': `${always}: commands go through one shell of a connection`,
  'ssh_connection.pipelining': `${always}: commands go through one shell of a connection`,
  'ssh_connection.ssh_args': 'ansible_ssh_common_args in the inventory, or ~/.ssh/config',
  'ssh_connection.ssh_common_args': 'ansible_ssh_common_args in the inventory, or ~/.ssh/config',
  'ssh_connection.ssh_extra_args': 'ansible_ssh_common_args in the inventory, or ~/.ssh/config',
  'ssh_connection.scp_extra_args': 'files travel over the connection that is there',
  'ssh_connection.sftp_extra_args': 'files travel over the connection that is there',
  'ssh_connection.scp_if_ssh': 'files travel over the connection that is there',
  'ssh_connection.transfer_method': 'files travel over the connection that is there',
  'ssh_connection.retries': 'a host that refuses or drops connections is tried again for some seconds',
  'ssh_connection.ssh_executable': 'ansible_connection: openssh takes the ssh of the PATH',
  'ssh_connection.control_path': `${always}: one connection to each host`,
  'ssh_connection.control_path_dir': `${always}: one connection to each host`,
  'ssh_connection.host_key_checking': 'keys are always checked: upgrade-fleet hostkeys scan, hostkeys trust',
  'ssh_connection.private_key_file': '--private-key, or ansible_ssh_private_key_file in the inventory',
  'ssh_connection.timeout': '-T, or ansible_timeout in the inventory',
  'privilege_escalation.become': '-b, or ansible_become in the inventory',
  'privilege_escalation.become_user': '--become-user, or ansible_become_user in the inventory',
  'privilege_escalation.become_method': '--become-method, or ansible_become_method in the inventory',
  'privilege_escalation.become_ask_pass': '-K',
  'privilege_escalation.become_exe': 'sudo, su and doas are taken from the PATH of the host',
  'privilege_escalation.become_flags': 'sudo is called with -n -H; a rule for it: upgrade-fleet sudoers',
  'diff.always': '--diff',
  'tags.run': '--tags',
  'tags.skip': '--skip-tags',
  'inventory.unparsed_is_failed': `${always}: a bad inventory is an error`,
  'inventory.any_unparsed_is_failed': `${always}: a bad inventory is an error`,
  'inventory.host_pattern_mismatch': 'an error here; --allow-empty lifts it',
}

const meaningful: Readonly<Record<string, { readonly usual: RegExp; readonly text: string }>> = {
  'defaults.hash_behaviour': {
    usual: /^replace$/i,
    text: 'maps are always replaced here, as is usual: variables that Ansible merges have other values',
  },
  'defaults.precedence': {
    usual: /^$/,
    text: "variables win here in Ansible's usual order: upgrade-fleet inventory explain HOST.VAR shows who does",
  },
  'defaults.force_valid_group_names': {
    usual: /^(never|ignore|silently)?$/i,
    text: 'groups keep their names here: those that Ansible renames have others',
  },
  'inventory.ignore_extensions': {
    usual: /^$/,
    text: "files of an inventory directory are passed over by Ansible's usual endings alone",
  },
  'inventory.ignore_patterns': {
    usual: /^$/,
    text: "files of an inventory directory are passed over by Ansible's usual endings alone",
  },
  'defaults.inventory_ignore_extensions': {
    usual: /^$/,
    text: "files of an inventory directory are passed over by Ansible's usual endings alone",
  },
}

/** What to use here instead of a setting, none of which is read here; undefined for what is of Ansible alone (its plugins, colors, galaxy). */
export function insteadOf({ section, key, value }: AnsibleSetting): Instead | undefined {
  const name = `${section}.${key}`
  const other = meaningful[name]
  if (other !== undefined)
    return other.usual.test((value ?? '').trim())
      ? { matters: false, text: always }
      : { matters: true, text: other.text }
  const text = known[name]
  return text === undefined ? undefined : { matters: false, text }
}
