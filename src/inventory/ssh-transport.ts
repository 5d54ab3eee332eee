import type { SshController } from './ssh-config.ts'
import type { SshEndpoint } from './ssh-endpoint.ts'

const usual = ['id_ed25519', 'id_ecdsa', 'id_rsa']
const usualHardware = ['id_ed25519_sk', 'id_ecdsa_sk']
const gssapi = [
  'gssapiauthentication',
  'gssapidelegatecredentials',
  'gssapiclientidentity',
  'gssapiserveridentity',
]

/**
 * Decides whether a machine is reached by ssh2 or by this machine's `ssh` program, which has what ssh2 has not:
 * certificates, hardware keys, Kerberos. `asked` is where the inventory asks for it; else the keys decide.
 */
export function withTransport(found: SshEndpoint, controller: SshController, asked?: string): SshEndpoint {
  const why = asked ?? needed(found, controller)
  if (why === undefined) return found
  const { settings, endpoint } = found
  // Many a distribution's ssh_config says yes for everybody: alone it is no reason.
  const kerberos = settings.filter(
    ({ keyword, from }) => gssapi.includes(keyword.toLowerCase()) && from.endsWith(notUsed),
  )
  const wanted = kerberos.some(
    ({ keyword, value }) => keyword.toLowerCase() === gssapi[0] && /^(yes|true)$/i.test(value),
  )
  const options = {
    ...endpoint.opensshOptions,
    ...(wanted && Object.fromEntries(kerberos.map(({ keyword, value }) => [rightName(keyword), value]))),
  }
  return {
    ...found,
    endpoint: {
      ...endpoint,
      kind: 'openssh',
      ...(Object.keys(options).length > 0 && { opensshOptions: options }),
    },
    settings: [
      { keyword: 'Transport', value: 'the ssh program', from: why },
      ...settings.map((one) =>
        wanted && kerberos.includes(one) ? { ...one, from: one.from.slice(0, -notUsed.length) } : one,
      ),
    ],
  }
}

/** What stands behind the place of a setting that only means something to the `ssh` program. */
export const notUsed = ', not used here'

const names: Readonly<Record<string, string>> = {
  gssapiauthentication: 'GSSAPIAuthentication',
  gssapidelegatecredentials: 'GSSAPIDelegateCredentials',
  gssapiclientidentity: 'GSSAPIClientIdentity',
  gssapiserveridentity: 'GSSAPIServerIdentity',
}
const rightName = (keyword: string): string => names[keyword.toLowerCase()] ?? keyword

/** What of a machine's keys ssh2 cannot do, with its place. */
function needed({ endpoint, settings }: SshEndpoint, { files, home }: SshController): string | undefined {
  const { privateKeyFile, identityFiles, certificateFiles, opensshOptions, password } = endpoint
  const placeOf = (keyword: string) => settings.find((one) => one.keyword === keyword)?.from ?? ''
  if (certificateFiles !== undefined) return `${placeOf('CertificateFile')}: CertificateFile`
  const [hardware] = Object.keys(opensshOptions ?? {})
  if (hardware !== undefined) return `${placeOf(hardware)}: ${hardware}`
  const isThere = (path: string) => files.read(path, false) !== undefined
  const inHome = (name: string) => `${home}/.ssh/${name}`
  // Beside a password only a key that is named counts.
  const named = privateKeyFile === undefined ? identityFiles : [privateKeyFile]
  const keys = named ?? (password === undefined ? undefined : [])
  const certified = (keys ?? usual.map(inHome)).find((key) => isThere(`${key}-cert.pub`))
  if (certified !== undefined) return `${certified}-cert.pub is a certificate`
  const isUsual = keys === undefined && usual.some((name) => isThere(inHome(`${name}.pub`)))
  const device = (keys ?? (isUsual ? [] : usualHardware.map(inHome))).find((key) =>
    /^sk-/.test(files.read(`${key}.pub`, false) ?? ''),
  )
  return device === undefined ? undefined : `${device}.pub is a key of a FIDO device`
}
