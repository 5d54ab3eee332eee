import { open, rename, rm } from 'node:fs/promises'

/** Writes a file (0600) whole or not at all: under another name, synced, then renamed. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const made = `${path}.new`
  try {
    const file = await open(made, 'w', 0o600)
    await file.chmod(0o600)
    await file.writeFile(text)
    await file.sync().finally(() => file.close())
    await rename(made, path)
  } catch (error) {
    await rm(made, { force: true })
    throw error
  }
}
