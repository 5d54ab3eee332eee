import { hostname } from 'node:os'
import type { TypedBecome } from '../inventory/become-vars.ts'
import type { SshController } from '../inventory/ssh-config.ts'
import { allowVariable, commandRunner } from '../inventory/ssh-exec.ts'
import { sshFiles } from '../inventory/ssh-files.ts'
import type { Io } from '../model/io.ts'
import { becomeTyped, type LoginFlags } from './flags.ts'
import { keyPath } from './paths.ts'

/** Who runs this, and the ssh_config files of this machine, each read once. */
export const sshController = (
  io: Io,
  {
    user,
    privateKey,
    timeout,
    typed,
    ...others
  }: Pick<LoginFlags, 'user' | 'privateKey' | 'timeout' | 'typed' | keyof TypedBecome> = {},
): SshController => ({
  ...(typed !== undefined && { opened: typed.of }),
  typed: {
    ...(user !== undefined && { user }),
    ...(privateKey !== undefined && { privateKeyFile: keyPath(io, privateKey) }),
    ...(timeout !== undefined && { timeout }),
    ...becomeTyped(others),
  },
  user: io.user,
  uid: io.uid,
  home: io.home,
  hostName: hostname(),
  env: (name) => io.env[name],
  files: sshFiles(io.uid),
  run: io.env[allowVariable] === 'yes' ? commandRunner(io.env['SHELL'] || '/bin/sh') : undefined,
})
