import type { Sign } from './evidence.ts'

const issue = (text: string, source: string): Sign => ({ text, source })

/** Signs in the log that a start will not become a healthy server, whatever else it says, each with where it was read. */
export const fatalSigns: readonly Sign[] = [
  issue(
    'WSO2 Carbon initialization Failed',
    'carbon-kernel, and issue product-apim 4195: the process lives on',
  ),
  issue('Cannot activate StartupFinalizerServiceComponent', 'carbon-kernel: "started" is never said'),
  issue('Cannot start transports', 'carbon-kernel: "started" is never said'),
  issue('Cannot initialize cluster', 'carbon-kernel: "started" is never said'),
  issue(
    'ListeningIOReactor encountered a checked exception',
    'synapse transports: 8280 or 8243 is taken, and "started" is said all the same',
  ),
  issue(
    'LifeCycleException while starting tomcat connector',
    'carbon-kernel: 9443 or 9763 is taken, and "started" is said all the same',
  ),
  issue('Cannot start User Manager Core bundle', 'issues cellery 533 and product-iots 1762: the start hangs'),
  issue('java.lang.OutOfMemoryError', 'issues api-manager 2165 and 4816: the process lives on'),
  issue(
    'Keystore was tampered with, or password was incorrect',
    "Java's own text for a wrong password of a key store",
  ),
  issue(
    'Error while performing configuration changes',
    'issue ansible-apim 117: 3.0.0 ends on a bad deployment.toml',
  ),
]

/** The line that every profile of every version prints when it has started (carbon-kernel, `StartupFinalizerServiceComponent`). It proves nothing alone. */
export const startedSign = 'WSO2 Carbon started in'
