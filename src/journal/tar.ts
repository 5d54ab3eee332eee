/** One file of an archive. */
export interface TarFile {
  /** With slashes, and no leading one. */
  readonly name: string
  readonly text: string
}

const block = 512

/** A tar archive (ustar, long names as GNU writes them) of text files, of nobody's and 0600. `time` in seconds since 1970. */
export function tarOf(files: readonly TarFile[], time: number): Buffer {
  const parts = files.flatMap(({ name, text }) => {
    const bytes = Buffer.from(text)
    const long =
      Buffer.byteLength(name) > 100 ? entry('././@LongLink', 'L', Buffer.from(`${name}\0`), time) : []
    return [...long, ...entry(name, '0', bytes, time)]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * block)])
}

function entry(name: string, type: string, bytes: Buffer, time: number): readonly Buffer[] {
  const head = Buffer.alloc(block)
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`
  Buffer.from(name).subarray(0, 100).copy(head, 0)
  head.write(octal(0o600, 8), 100)
  head.write(octal(0, 8), 108)
  head.write(octal(0, 8), 116)
  head.write(octal(bytes.length, 12), 124)
  head.write(octal(Math.floor(time), 12), 136)
  head.write('        ', 148)
  head.write(type, 156)
  head.write('ustar\0' + '00', 257)
  // The sum is over the header with spaces in its own place.
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return [head, bytes, Buffer.alloc((block - (bytes.length % block)) % block)]
}
