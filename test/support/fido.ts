const text = (bytes: Buffer | string): Buffer => {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(Buffer.byteLength(bytes))
  return Buffer.concat([size, Buffer.from(bytes)])
}

const type = 'sk-ssh-ed25519@openssh.com'
const point = Buffer.from('8d232a229fdf3298437d2f4d67b49ed2860dffe2bbdb2e514beb09804acb8e76', 'hex')
const publicKey = Buffer.concat([text(type), text(point), text('ssh:')])

/** The public half of a FIDO key whose device there is not, as its `.pub` file has it. */
export const fidoPublic = `${type} ${publicKey.toString('base64')} fido\n`

/** Its private half: OpenSSH's file for it, which holds no more than the handle of a key in a device. */
export function fidoPrivate(): string {
  const check = Buffer.from([0, 0, 0, 7, 0, 0, 0, 7])
  const handle = [Buffer.from([1]), text('h'.repeat(32)), text(''), text('fido')]
  const secret = Buffer.concat([check, publicKey, ...handle])
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, at) => at + 1))
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[text('none'), text('none'), text(''), Buffer.from([0, 0, 0, 1])],
    ...[text(publicKey), text(Buffer.concat([secret, padding]))],
  ])
  const label = 'OPENSSH PRIVATE KEY'
  const lines = body.toString('base64').replace(/(.{70})/g, '$1\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}
