/** Files and directories of a machine. */
export { absent, setAside } from './files/absent.ts'
export { fetch, slurp } from './files/bring.ts'
export { copy, render, template } from './files/copy.ts'
export { directory, link, rights } from './files/directory.ts'
export { fill } from './files/fill.ts'
export { blockInFile, lineInFile, replace } from './files/lines.ts'
export { find, stat } from './files/look-around.ts'
export { synchronize } from './files/synchronize.ts'
