/** Imports a module by its file URL, as `import()` does. The built command has its own: code of V8's cache cannot import. */
export const importModule = (url: string): Promise<Readonly<Record<string, unknown>>> =>
  import(/* @vite-ignore */ url)
