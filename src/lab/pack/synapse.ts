import type { SampleApi } from '../data/samples.ts'
import { since, type Version } from './release.ts'
import type { Tree } from './tree.ts'

const namespace = 'xmlns="http://ws.apache.org/ns/synapse"'

/** The files of `synapse-configs/default` that a pack ships; what changed from release to release says so in its text. */
export function stockSynapse(version: Version): Tree {
  const files: Record<string, string> = {}
  for (const name of apiNames(version)) files[`api/${name}.xml`] = stockApi(name, version)
  for (const name of sequenceNames(version))
    files[`sequences/${name}.xml`] = sequence(name, edition(name, version))
  files['proxy-services/WorkflowCallbackService.xml'] =
    `<proxy ${namespace} name="WorkflowCallbackService" transports="https http" startOnLoad="true"><!-- edition ${edition('WorkflowCallbackService', version)} --><target/></proxy>\n`
  if (since(version, '2.6.0')) {
    for (const name of ['WebSocketInboundEndpoint', 'SecureWebSocketInboundEndpoint']) {
      files[`inbound-endpoints/${name}.xml`] =
        `<inboundEndpoint ${namespace} name="${name}" suspend="false"/>\n`
    }
  }
  files['registry.xml'] =
    `<registry ${namespace} provider="org.wso2.carbon.mediation.registry.WSO2Registry"/>\n`
  files['synapse.xml'] = `<definitions ${namespace}/>\n`
  for (const name of ['endpoints', 'local-entries', 'tasks', 'event-sources', 'message-stores'])
    files[`${name}/`] = ''
  for (const name of ['message-processors', 'templates', 'priority-executors']) files[`${name}/`] = ''
  return files
}

/** The sequences that every tenant gets from the pack. */
export function tenantSequences(version: Version): Tree {
  const names = sequenceNames(version).filter(
    (name) => !['_build_', '_token_fault_', 'dispatchSeq', 'outDispatchSeq'].includes(name),
  )
  return Object.fromEntries(names.map((name) => [`${name}.xml`, sequence(name, edition(name, version))]))
}

/** A published API as a gateway of a release has it: handlers of that time, and the version beside the context before 1.9. */
export function publishedApi(api: SampleApi, version: Version): string {
  const handler = (name: string) => `    <handler class="org.wso2.carbon.apimgt.${name}"/>`
  const uri = api.name.toLowerCase()
  const [context, kind] = since(version, '1.9.0')
    ? [api.context, 'context']
    : [api.template.replace('/{version}', ''), 'url']
  // The page from 2.5.0 has no script for the gateway, that from 2.2.0 has: in between the handlers moved.
  const moved = since(version, '2.5.0')
  const handlers = [
    ...(since(version, '1.10.0') ? [handler('gateway.handlers.security.CORSRequestHandler')] : []),
    moved
      ? `    <handler class="org.wso2.carbon.apimgt.gateway.handlers.security.APIAuthenticationHandler"><property name="RemoveOAuthHeadersFromOutMessage" value="true"/></handler>`
      : handler('gateway.handlers.security.APIAuthenticationHandler'),
    since(version, '2.0.0') ? handler('gateway.handlers.throttling.ThrottleHandler') : oldThrottling,
    ...['APIMgtUsageHandler', 'APIMgtGoogleAnalyticsTrackingHandler', 'APIMgtResponseHandler'].map((name) =>
      handler(`${moved ? 'gateway.handlers.analytics' : 'usage.publisher'}.${name}`),
    ),
    handler('gateway.handlers.ext.APIManagerExtensionHandler'),
  ]
  return `<?xml version="1.0" encoding="UTF-8"?>
<api ${namespace} name="${api.provider}--${api.name}" context="${context}" version="${api.version}" version-type="${kind}">
  <resource methods="GET POST" url-mapping="/*" faultSequence="fault">
    <inSequence>
      <property name="POST_TO_URI" value="true" scope="axis2"/>
      <send><endpoint name="${api.provider}--${api.name}_APIproductionEndpoint_0"><http uri-template="http://backend.lab/${uri}"/></endpoint></send>
    </inSequence>
    <outSequence><send/></outSequence>
  </resource>
  <handlers>
${handlers.join('\n')}
  </handlers>
</api>
`
}

const oldThrottling = `    <handler class="org.wso2.carbon.apimgt.gateway.handlers.throttling.APIThrottleHandler">
      <property name="id" value="A"/>
      <property name="policyKey" value="gov:/apimgt/applicationdata/tiers.xml"/>
    </handler>`

function apiNames(version: Version): readonly string[] {
  return [
    ...['_AuthorizeAPI_', '_RevokeAPI_', '_TokenAPI_'],
    ...(since(version, '2.0.0') ? ['_UserInfoAPI_'] : []),
    ...(since(version, '3.0.0') ? ['_OpenService_'] : []),
  ]
}

function sequenceNames(version: Version): readonly string[] {
  return [
    ...[
      'main',
      'fault',
      '_auth_failure_handler_',
      '_build_',
      '_production_key_error_',
      '_sandbox_key_error_',
    ],
    ...['_resource_mismatch_handler_', '_throttle_out_handler_', '_token_fault_'],
    ...(since(version, '1.9.0') ? ['_cors_request_handler_'] : []),
    ...(since(version, '2.6.0') ? ['_threat_fault_', 'dispatchSeq', 'outDispatchSeq'] : []),
    ...(since(version, '3.0.0') ? ['_graphql_failure_handler_'] : []),
  ]
}

const changed: Readonly<Record<string, readonly Version[]>> = {
  WorkflowCallbackService: ['2.0.0', '2.6.0', '3.0.0'],
  _auth_failure_handler_: ['2.0.0'],
  _cors_request_handler_: ['2.0.0', '3.0.0'],
  _resource_mismatch_handler_: ['2.0.0'],
  _throttle_out_handler_: ['2.0.0', '2.6.0'],
  fault: ['2.0.0', '2.6.0'],
  main: ['2.0.0', '2.6.0', '3.0.0'],
  _RevokeAPI_: ['3.0.0'],
}

function edition(name: string, version: Version): Version {
  return (changed[name] ?? []).filter((first) => since(version, first)).at(-1) ?? '1.9.1'
}

function sequence(name: string, of: Version): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<sequence ${namespace} name="${name}"><!-- edition ${of} --><log level="custom"/></sequence>\n`
}

function stockApi(name: string, version: Version): string {
  const path = name.replaceAll('_', '').replace('API', '').toLowerCase()
  const context = name === '_OpenService_' ? '/' : `/${path}`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<api ${namespace} name="${name}" context="${context}"><!-- edition ${edition(name, version)} --><resource methods="POST GET" url-mapping="/*"/></api>\n`
}
