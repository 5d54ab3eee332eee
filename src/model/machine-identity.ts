/** Which machine something is, as it and its host key say. It is untrusted text of the machine's, in a form of ours. */
export interface MachineIdentity {
  /** Of `/etc/machine-id`, as a keyed hash: that file itself is confidential (machine-id(5)). Missing where there is none. */
  readonly id?: string
  /** Its boot, the same for all containers on a kernel. */
  readonly boot?: string
  /** Type and fingerprint of the host key that it showed; missing for this machine itself. */
  readonly key?: string
}

/** What two identities of machines that answer at the same time have to do with one another. */
export type Kinship = 'one' | 'copies' | 'others'

/**
 * Whether one name means another machine than before, and by what it is seen: the machine-id, or a host key of the same
 * type. Undefined where it is the same, or nobody can tell. A boot that is another is a reboot.
 */
export function anotherBy(before: MachineIdentity, now: MachineIdentity): string | undefined {
  if (differ(before.id, now.id)) return 'its machine-id is another'
  if (keyType(before.key) === keyType(now.key) && differ(before.key, now.key))
    return `it shows the host key ${now.key}, and had ${before.key}`
  return undefined
}

/**
 * Two names' machines: `one`, or `copies` of one, which run on two kernels under the same machine-id. Where one has no
 * machine-id, the same host key is taken for the same machine. Containers that share both kernel and machine-id are one.
 */
export function kinship(one: MachineIdentity, other: MachineIdentity): Kinship {
  const named = one.id !== undefined && other.id !== undefined
  if (named ? one.id !== other.id : one.key === undefined || one.key !== other.key) return 'others'
  return differ(one.boot, other.boot) ? 'copies' : 'one'
}

/** Whether two names that are said to mean one machine plainly mean two. */
export function areTwo(one: MachineIdentity, other: MachineIdentity): boolean {
  if (one.id !== undefined && other.id !== undefined) return one.id !== other.id
  return keyType(one.key) === keyType(other.key) && differ(one.key, other.key)
}

const differ = (one: string | undefined, other: string | undefined): boolean =>
  one !== undefined && other !== undefined && one !== other

const keyType = (key: string | undefined): string | undefined => key?.split(' ', 1)[0]
