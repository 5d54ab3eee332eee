import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { namesIn } from './home.ts'
import type { Server } from './server.ts'

/** Turns the jars of `lib` into bundles in `dropins`, where they outlive their source, and lists what is there. */
export function makeBundles(server: Server): void {
  const components = 'repository/components'
  for (const name of namesIn(server.home, `${components}/lib`).filter((file) => file.endsWith('.jar'))) {
    const bundle = `${name.slice(0, -4).replaceAll('-', '_')}_1.0.0.jar`
    const to = join(server.home, components, 'dropins', bundle)
    if (!existsSync(to)) copyFileSync(join(server.home, components, 'lib', name), to)
  }
  const lines = namesIn(server.home, `${components}/dropins`).map(
    (name) => `${name.slice(0, -4)},1.0.0,../dropins/${name},4,true`,
  )
  const place = join(
    server.home,
    components,
    server.profile,
    'configuration/org.eclipse.equinox.simpleconfigurator',
  )
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'bundles.info'), ['#version=1', ...lines, ''].join('\n'))
}
