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
  fault('bad-toml', '3.0.0: exit 1 before a line is logged'),
  fault('wrong-java', 'the JDK calls itself 17: 1.x and 2.x end without a word and without a pid file'),
  fault('slow-start', '"started" comes 120 s later'),
  fault('started-but-unhealthy', '"started", but /services/Version and the rest answer 500'),
  fault('answers-time-out', '"started", and no request is ever answered; ports are open, the process lives'),
  fault('wrong-version-in-answer', '/services/Version and the log name another release'),
  fault('port-in-use-8280', '8280 and 8243: WARN "System may be unstable", then "started"'),
  fault(
    'port-in-use-9443',
    '9443 and 9763: ERROR "LifeCycleException while starting tomcat connector", then "started"',
  ),
  fault('port-in-use-5672', 'a traffic manager stops by itself'),
  fault('oom-after-start', 'a heap dump; no request is answered; the process lives'),
  fault('crash-after-start', '"started", and 3 s later the process is gone'),
  fault('restart-loop', 'the server exits with 121 three times and is started again'),
  fault('stale-pid-dead', 'the pid file names no process: stop has no effect'),
  fault('stale-pid-unrelated', 'the pid file names a process of somebody else: stop ends that one'),
  fault('pid-file-empty', 'the pid file is empty: stop has no effect'),
  fault('pid-file-missing', 'there is no pid file: stop has no effect'),
  fault('pid-file-root-owned', 'a start by root left the pid file: it cannot be written, stop has no effect'),
  fault('two-servers-in-one-home', 'a second server takes the pid file; stop reaches only that one'),
  fault('carbon-home-leak', 'CARBON_HOME is set for every ssh command and leads to the old home'),
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
  fault('wrong-credentials', 'as db-unreachable, with "Access denied"'),
  fault('secure-vault-without-password', 'a prompt on the console, and nothing else for ever'),
  fault(
    'secure-vault-wrong-password',
    'FATAL "initialization Failed", "Keystore was tampered with, or password was incorrect"; the process stays',
  ),
  fault('hand-edit-overwritten', '3.0.0 renders repository/conf anew at each start'),
  fault('disk-full', 'the pid file is empty, the log stops growing, the start never ends'),
  fault('log-rotated-during-start', 'the lines of one start are in two files'),
  fault('read-only-logs', 'no line reaches the log file'),
  fault('dep-sync-manager-deletes', 'a 2.x gateway manager commits a deletion; the workers lose that API'),
  fault('dep-sync-old-svn', '2.x: "Error while checking out or updating artifacts from the SVN repository"'),
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
