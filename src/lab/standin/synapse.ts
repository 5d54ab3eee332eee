import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { namesIn, readText } from './home.ts'

const configs = 'synapse-configs/default'

/** The artefact trees of a home: the super tenant's and each tenant's. */
export function artifactRoots(home: string): readonly string[] {
  const tenants = namesIn(home, 'repository/tenants').filter((id) => /^\d+$/.test(id))
  return ['repository/deployment/server', ...tenants.map((id) => `repository/tenants/${id}`)]
}

/** Puts the version of every API of 1.8 into its context, as 1.9 has it. */
export function moveVersions(home: string): void {
  rewriteApis(home, (xml) =>
    xml.replace(
      /(<api\s[^>]*\bcontext="[^"]+)("\s+version=")([^"]+)("\s+version-type=")url"/,
      '$1/$3$2$3$4context"',
    ),
  )
}

/** Gives every API the CORS handler of 1.10 and its sequence, as the client's file step does. */
export function addCorsHandler(home: string): void {
  const handler = '<handler class="org.wso2.carbon.apimgt.gateway.handlers.security.CORSRequestHandler"/>'
  rewriteApis(home, (xml) =>
    xml.includes('CORSRequestHandler') ? xml : xml.replace('<handlers>', `<handlers>\n    ${handler}`),
  )
  const name = '_cors_request_handler_.xml'
  const stock = readText(home, `repository/resources/apim-synapse-config/${name}`) ?? ''
  for (const root of artifactRoots(home)) {
    const sequences = `${root}/${configs}/sequences`
    const there = namesIn(home, sequences)
    if (there.length > 0 && !there.includes(name)) writeFileSync(join(home, sequences, name), stock)
  }
}

/** Puts every API under advanced throttling. */
export function replaceThrottleHandler(home: string): void {
  rewriteApis(home, (xml) => xml.replaceAll('throttling.APIThrottleHandler"', 'throttling.ThrottleHandler"'))
}

/** Whether there are encrypted passwords in a home, but only the pack's own key store: nothing can be decrypted. */
export function hasStockKeyStore(home: string): boolean {
  const stock =
    readText(home, 'repository/resources/security/wso2carbon.jks')?.startsWith('stock key store') ?? true
  return (
    stock &&
    artifactRoots(home).some((root) =>
      namesIn(home, `${root}/userstores`).some((file) => file.endsWith('.xml')),
    )
  )
}

/** Encrypts the passwords of all secondary user stores anew; what is encrypted anew already stays. */
export function reencryptUserStores(home: string, as: string): void {
  for (const root of artifactRoots(home)) {
    for (const name of namesIn(home, `${root}/userstores`).filter((file) => file.endsWith('.xml'))) {
      const path = `${root}/userstores/${name}`
      const xml = readText(home, path) ?? ''
      const renewed = xml.replace(
        /(encrypted="true"[^>]*>)([^<]+)</g,
        (whole, open: string, text: string) => {
          const plain = Buffer.from(text, 'base64').toString().split(':').slice(1).join(':')
          const next = Buffer.from(`${as}:${plain}`).toString('base64')
          return next === text ? whole : `${open}${next}<`
        },
      )
      if (renewed !== xml) writeFileSync(join(home, path), renewed)
    }
  }
}

function rewriteApis(home: string, change: (xml: string) => string): void {
  for (const root of artifactRoots(home)) {
    const directory = `${root}/${configs}/api`
    for (const name of namesIn(home, directory).filter(
      (file) => file.endsWith('.xml') && !/^_\w+_\.xml$/.test(file),
    )) {
      const before = readText(home, `${directory}/${name}`) ?? ''
      const after = change(before)
      if (after !== before) writeFileSync(join(home, directory, name), after)
    }
  }
}
