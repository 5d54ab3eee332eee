/** A fault that the lab can make happen. */
export interface Fault {
  readonly slug: string
  /** What can be seen when it is on. */
  readonly seen: string
}

/** The faults that work, in the order of the server facts. */
export const faults: readonly Fault[] = [
  fault('start-hangs', '"Waiting for required OSGi services", never "started", not all ports open'),
  fault('init-failed-jvm-lives', 'FATAL "WSO2 Carbon initialization Failed"; the process stays, 9443 closed'),
  fault('exits-1-early', 'the log ends after its first lines; the pid file is stale'),
  fault('slow-start', '"started" comes 120 s later'),
  fault('started-but-unhealthy', '"started", but /services/Version and the rest answer 500'),
  fault('wrong-version-in-answer', '/services/Version and the log name another release'),
  fault('port-in-use-8280', 'WARN "System may be unstable", then "started"'),
  fault('port-in-use-9443', 'ERROR "LifeCycleException while starting tomcat connector", then "started"'),
  fault('port-in-use-5672', 'a traffic manager stops by itself'),
  fault('oom-after-start', 'no request is answered; the process lives'),
  fault('crash-after-start', '"started", and 3 s later the process is gone'),
  fault('ignores-sigterm', 'the process lives on after stop'),
  fault('slow-stop', 'the process needs 60 s to stop'),
  fault(
    'migration-error-still-starts',
    "half of a client's changes, an error line, then 'successfully activated' and 'started'",
  ),
  fault('migration-stops-half-way', "half of a client's changes, no end line, and the process is gone"),
  fault('migration-run-twice', 'duplicate key in the log of a client, which starts all the same'),
  fault('schema-not-migrated', 'clients say all is well and change nothing; SQL errors after "started"'),
  fault('db-unreachable', '"Cannot start User Manager Core bundle", never "started"'),
  fault('missing-jdbc-driver', 'ClassNotFoundException for the driver, never "started"'),
]

/** The host that faults for all hosts are kept under. */
export const everyHost = '*'

/** `FAULT` or `FAULT:HOST`, checked; throws with what there is. */
export function parseFault(
  text: string,
  hosts: readonly string[],
): { readonly slug: string; readonly host: string } {
  const [slug = '', host = everyHost] = text.split(':')
  if (slug !== 'none' && !faults.some((known) => known.slug === slug)) {
    throw new RangeError(
      `The lab knows no fault "${slug}"; it knows ${faults.map((known) => known.slug).join(', ')}.`,
    )
  }
  if (host !== everyHost && !hosts.includes(host)) {
    throw new RangeError(`The lab has no host "${host}"; it has ${hosts.join(', ')}.`)
  }
  return { slug, host }
}

function fault(slug: string, seen: string): Fault {
  return { slug, seen }
}
