import { existsSync } from 'node:fs'
import { platform, userInfo } from 'node:os'

const programs: readonly (readonly [program: string, debianPackage: string])[] = [
  ['sshd', 'openssh-server'],
  ['ssh-keygen', 'openssh-client'],
  ['mariadbd', 'mariadb-server'],
  ['mariadb-install-db', 'mariadb-server'],
  ['mariadb', 'mariadb-client'],
  ['svnserve', 'subversion'],
  ['svnadmin', 'subversion'],
  ['unshare', 'util-linux'],
  ['nsenter', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['mount', 'mount'],
  ['hostname', 'hostname'],
  ['ps', 'procps'],
  ['openssl', 'openssl'],
  ['zip', 'zip'],
  ['unzip', 'unzip'],
]

const places = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** All that keeps a lab from standing on this machine, one line each; none where it can. */
export function missingNeeds(): readonly string[] {
  if (platform() !== 'linux') return [`A lab needs Linux (its hosts are namespaces); this is ${platform()}.`]
  const absent = programs.filter(([name]) => !places.some((place) => existsSync(`${place}/${name}`)))
  const packages = [...new Set(absent.map(([, name]) => name))]
  return [
    ...(userInfo().uid === 0 ? [] : ['A lab needs root, to make namespaces and mounts.']),
    ...(absent.length === 0
      ? []
      : [`A lab needs ${absent.map(([name]) => name).join(', ')}: apt-get install ${packages.join(' ')}`]),
  ]
}
