import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shell } from './shell.ts'
import type { Settings } from './standin/settings.ts'

/** Makes the JDK that every host sees: a `java` that is our stand-in, run by this machine's own node. */
export async function makeJava(dir: string): Promise<void> {
  const $ = await shell()
  const jdk = join(dir, 'jdk')
  const lab = join(jdk, 'lib/lab')
  await mkdir(join(jdk, 'bin'), { recursive: true })
  await mkdir(join(jdk, 'jre/bin'), { recursive: true })
  await mkdir(lab, { recursive: true })
  await mkdir(join(dir, 'lib'), { recursive: true })
  await writeFile(join(jdk, 'bin/java'), javaScript, { mode: 0o755 })
  await writeFile(join(jdk, 'jre/bin/java'), '', { mode: 0o755 })
  await writeFile(join(lab, 'java-version'), javaVersion)
  await writeFile(join(lab, 'java-version-17'), javaVersion.replaceAll('1.8.0_292', '17.0.2'))
  await symlink(await readlink('/proc/self/exe'), join(dir, 'lib/node'))
  await Promise.all([
    program(join(lab, 'standin.mjs')),
    $`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${join(lab, 'tls.key')} -out ${join(lab, 'tls.crt')} -days 3650 -subj /CN=localhost`,
  ])
  await $`chmod 644 ${join(lab, 'tls.key')}`
}

/** Tells all servers of the lab how fast time goes and which faults are on. */
export async function writeSettings(dir: string, settings: Settings): Promise<void> {
  const path = join(dir, 'jdk/lib/lab/settings.json')
  await writeFile(`${path}.new`, `${JSON.stringify(settings)}\n`, { mode: 0o644 })
  await markWrongJava(dir, settings.faults)
  await rename(`${path}.new`, path)
}

/** The stand-in as one file: the one that was built with this command, or bundled from its sources. */
async function program(to: string): Promise<void> {
  const built = fileURLToPath(new URL('./standin.mjs', import.meta.url))
  if (existsSync(built)) return copyFile(built, to)
  const { build } = await import('esbuild')
  await build({
    entryPoints: [fileURLToPath(new URL('./standin/main.ts', import.meta.url))],
    outfile: to,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
    // A library of CommonJS inside asks for `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
}

/** `java` itself is a script that reads no JSON: a file by the host's name tells it of its fault. */
async function markWrongJava(dir: string, faults: Settings['faults']): Promise<void> {
  const lab = join(dir, 'jdk/lib/lab')
  const old = (await readdir(lab)).filter((name) => name.startsWith('wrong-java.'))
  await Promise.all(old.map((name) => rm(join(lab, name))))
  const hosts = Object.entries(faults).filter(([, slugs]) => slugs.includes('wrong-java'))
  await Promise.all(hosts.map(([host]) => writeFile(join(lab, `wrong-java.${host}`), '')))
}

const javaVersion = `openjdk version "1.8.0_292"
OpenJDK Runtime Environment (build 1.8.0_292-b10)
OpenJDK 64-Bit Server VM (build 25.292-b10, mixed mode)
`

/** Answers `-version` at once, refuses what a newer Java refuses, and is the server otherwise. */
const javaScript = `#!/bin/sh
here=$(cd "$(dirname "$0")/.." && pwd)
text="$here/lib/lab/java-version"
if [ -e "$here/lib/lab/wrong-java.$(hostname)" ] || [ -e "$here/lib/lab/wrong-java.*" ]; then text="$text-17"; fi
case "$(head -n 1 "$text")" in *'"1.'*) old=yes ;; *) old=no ;; esac
fault=''
for word in "$@"; do
  case "$word" in
    -version|-fullversion) cat "$text" >&2; exit 0 ;;
    -XX:MaxPermSize=*) [ "$old$fault" = no ] && fault="Unrecognized VM option 'MaxPermSize=256m'" ;;
    -Djava.endorsed.dirs=*) [ "$old$fault" = no ] && fault="$word is not supported. Endorsed standards and standalone APIs" ;;
  esac
done
if [ -n "$fault" ]; then
  echo "$fault"
  echo "Error: Could not create the Java Virtual Machine."
  echo "Error: A fatal exception has occurred. Program will exit."
  exit 1
fi
if [ -n "$JAVA_TOOL_OPTIONS" ]; then echo "Picked up JAVA_TOOL_OPTIONS: $JAVA_TOOL_OPTIONS" >&2; fi
exec "$here/jre/bin/java" --max-old-space-size=128 "$here/lib/lab/standin.mjs" "$@"
`
