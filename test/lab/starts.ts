/** What a start under a fault must show, and what it must not: patterns of the log, processes, the size of the pid file. */
export const starts: Readonly<
  Record<
    string,
    {
      readonly log?: readonly RegExp[]
      readonly not?: RegExp
      readonly alive?: number
      readonly pid?: RegExp
    }
  >
> = {
  'start-hangs': { log: [/Waiting for required OSGi services/], not: /started in/, alive: 1 },
  'secure-vault-wrong-password': {
    log: [/initialization Failed/, /Keystore was tampered with, or password was incorrect/],
    not: /started in/,
    alive: 1,
  },
  'init-failed-jvm-lives': {
    log: [/FATAL .*WSO2 Carbon initialization Failed/],
    not: /started in/,
    alive: 1,
  },
  'exits-1-early': { log: [/Starting WSO2 Carbon/], not: /Repository/, alive: 0, pid: /^\d+\n\0{90}/ },
  'wrong-version-in-answer': { log: [/Server {11}: {2}WSO2 API Manager-2.0.0/, /started in/], alive: 1 },
  'port-in-use-8280': {
    log: [/System may be unstable: HTTPS .*Address already in use/, /started in/],
    alive: 1,
  },
  'port-in-use-9443': { log: [/LifeCycleException while starting tomcat connector/, /started in/], alive: 1 },
  'oom-after-start': { log: [/started in/, /OutOfMemoryError/], alive: 1 },
  'crash-after-start': { log: [/started in/], not: /Halting JVM/, alive: 0 },
  'restart-loop': { log: [/(Starting WSO2 Carbon[\s\S]*){4}/, /started in/], alive: 1 },
  'stale-pid-dead': { log: [/started in/], alive: 1, pid: /^4194000\n/ },
  'stale-pid-unrelated': { log: [/started in/], alive: 1, pid: /^\d+\n/ },
  'pid-file-missing': { log: [/started in/], alive: 1, pid: /^$/ },
  // A start by root left it: it names a process that is gone, and this server cannot write it.
  'pid-file-root-owned': { log: [/started in/], alive: 1, pid: /^4194000\n/ },
  'slow-start': { log: [/started in [6-9] sec/], alive: 1 },
  'pid-file-empty': { log: [/started in/], alive: 1, pid: /^$/ },
  'two-servers-in-one-home': { log: [/started in[\s\S]*started in/, /Address already in use/], alive: 2 },
  'db-unreachable': {
    log: [/Cannot start User Manager Core bundle[\s\S]*CommunicationsException/, /Waiting for/],
    not: /started in/,
    alive: 1,
  },
  'wrong-credentials': {
    log: [/Cannot initialize the realm[\s\S]*Access denied/, /Waiting for/],
    not: /started in/,
    alive: 1,
  },
  'missing-jdbc-driver': {
    log: [/ClassNotFoundException: com.mysql.jdbc.Driver/, /Waiting for/],
    not: /started in/,
    alive: 1,
  },
  'disk-full': { log: [/Starting WSO2 Carbon/], not: /started in/, alive: 1, pid: /^$/ },
}
