import { javaHome, type LabHost, sshPort } from './fleet.ts'

/** A passwd, group or shadow file with one entry more, which takes the place of one of that name or number. */
export function withUser(file: string, entry: string): string {
  const [name, , id] = entry.split(':')
  const others = file.split('\n').filter((line) => {
    const fields = line.split(':')
    return line !== '' && fields[0] !== name && (entry.includes(':*:') || fields[2] !== id)
  })
  return `${[...others, entry].join('\n')}\n`
}

/** A host's /etc/hosts: all hosts by name, and `localhost` is the host's own address, as on a machine of its own. */
export function hostsFile(host: LabHost, all: readonly LabHost[]): string {
  return [
    `${host.address} localhost`,
    ...all.map(({ address, name }) => `${address} ${name} ${name}.lab`),
    '',
  ].join('\n')
}

/** The configuration of a host's sshd: keys only, one user, forwarding allowed. */
export function sshdConfig(host: LabHost): string {
  return `${[
    `Port ${sshPort}`,
    `ListenAddress ${host.address}`,
    'HostKey /run/lab/ssh_host_ed25519_key',
    'PidFile none',
    'AuthorizedKeysFile .ssh/authorized_keys',
    'PubkeyAuthentication yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin no',
    'AllowUsers wso2carbon',
    'PermitUserEnvironment yes',
    'UsePAM no',
    'UseDNS no',
    'AllowTcpForwarding yes',
    'MaxSessions 10',
    'MaxStartups 100:30:200',
    'PrintMotd no',
    'PrintLastLog no',
    'Subsystem sftp internal-sftp',
  ].join('\n')}\n`
}

/**
 * What a host does from its first process on. It stands in its own directory of the lab and names everything from
 * there (`mount -c` keeps the names as they are), since the lab may lie under a directory that the host covers.
 */
export const bootScript = `set -eu
name=$1
mount -t proc proc /proc
hostname "$name"
mount -c --bind etc/boot_id /proc/sys/kernel/random/boot_id
for file in passwd group shadow hosts hostname machine-id sudoers; do
  if [ -e "/etc/$file" ]; then mount -c --bind "etc/$file" "/etc/$file"; fi
done
mount -c --bind ../../lib/node ../../jdk/jre/bin/java
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd /run/lab /run/lock
cp sshd/* /run/lab/
chmod 600 /run/lab/ssh_host_ed25519_key
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/apim-shared /mnt/apim-old
mount -c --bind ../../export /mnt/apim-shared
mount -c --bind ../../export-old /mnt/apim-old
mount -c --bind opt /opt
mount -c --rbind ../../jdk ${javaHome}
mount -c --bind home /home
mount -c --bind tmp /tmp
echo ready > ready
cd /
/usr/sbin/sshd -D -e -f /run/lab/sshd_config &
sleep 2147483647 &
while :; do wait; done
`
