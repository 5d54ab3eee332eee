/** An API that the lab's fleet publishes. */
export interface SampleApi {
  readonly provider: string
  readonly name: string
  readonly version: string
  readonly context: string
  readonly template: string
  readonly tenant: number
}

/** The tenants of the lab beside the super tenant. */
export const sampleTenants = [
  { id: 1, domain: 'acme.com' },
  { id: 2, domain: 'globex.com' },
] as const

/** The APIs of the lab: two of the super tenant, one of the first tenant; the second tenant has none. */
export const sampleApis: readonly SampleApi[] = [
  api('admin', 'WeatherAPI', '/weather', -1234),
  api('admin', 'PhoneVerification', '/phone', -1234),
  api('admin-AT-acme.com', 'Orders', '/t/acme.com/orders', 1),
]

/** Whether an API is published to an environment: one is only in production, one only in the sandbox. Without environments all are. */
export const isPublished = ({ name }: SampleApi, environment: string | undefined): boolean =>
  !(
    (environment === 'Sandbox' && name === 'WeatherAPI') ||
    (environment === 'Production' && name === 'PhoneVerification')
  )

function api(provider: string, name: string, path: string, tenant: number): SampleApi {
  const version = '1.0.0'
  return { provider, name, version, context: `${path}/${version}`, template: `${path}/{version}`, tenant }
}
