import { since, type Version } from './release.ts'

/** `bin/wso2server.sh` of a release: our own words, the same contract with those who call it. */
export function serverScript(version: Version): string {
  // 1.10.0 has the script of its kernel, which hands words on.
  const old = !since(version, '1.10.0')
  const toml = since(version, '3.0.0')
  return `#!/bin/sh
# Stand-in for the start script of WSO2 API Manager ${version}. It is no work of WSO2.
PRG="$0"
while [ -h "$PRG" ]; do
  target=$(readlink "$PRG")
  case "$target" in /*) PRG="$target" ;; *) PRG="$(dirname "$PRG")/$target" ;; esac
done
PRGDIR=$(dirname "$PRG")
[ -z "$CARBON_HOME" ] && CARBON_HOME=$(cd "$PRGDIR/.." && pwd)

if [ -z "$JAVACMD" ]; then
  if [ -n "$JAVA_HOME" ]; then JAVACMD="$JAVA_HOME/bin/java"; else JAVACMD=java; fi
fi
if [ ! -x "$JAVACMD" ]; then
  echo "Error: JAVA_HOME is not defined correctly."
  echo " CARBON cannot execute $JAVACMD"
  exit 1
fi
if [ -z "$JAVA_HOME" ]; then
  echo "You must set the JAVA_HOME variable before running CARBON."
  exit 1
fi

PID=""
if [ -e "$CARBON_HOME/wso2carbon.pid" ]; then PID=$(tr -d '\\0' < "$CARBON_HOME/wso2carbon.pid" | head -n 1); fi

CMD=""
args=""
for word in "$@"; do
  case "$word" in
    start|-start|--start) CMD=start ;;
    stop|-stop|--stop) CMD=stop ;;
    restart|-restart|--restart) CMD=restart ;;
    version|-version|--version) CMD=version ;;
    test|-test|--test) CMD=test ;;
    run|-run|--run) CMD=run ;;
${since(version, '2.6.0') ? optimizeCase : ''}    *) args="$args $word" ;;
  esac
done
${since(version, '2.6.0') ? optimizeStep : ''}
launch() {
  ${
    old
      ? `nohup bash "$CARBON_HOME/bin/wso2server.sh" > /dev/null 2>&1 &`
      : `nohup sh "$CARBON_HOME/bin/wso2server.sh" $args > /dev/null 2>&1 &`
  }
}

case "$CMD" in
  start)
    if [ -e "$CARBON_HOME/wso2carbon.pid" ] && ps -p "$PID" ${old ? '>&-' : '> /dev/null'}; then
      echo "Process is already running"
      exit 0
    fi
    launch
    exit 0 ;;
  stop)
    export CARBON_HOME
    kill -TERM $PID
    exit 0 ;;
  restart)
    kill -TERM $PID
    while ps -p "$PID" > /dev/null; do sleep 1; done
    launch
    exit 0 ;;
  version)
    cat "$CARBON_HOME/bin/version.txt"
    cat "$CARBON_HOME/bin/wso2carbon-version.txt"
    exit 0 ;;
esac

java_version=$("$JAVACMD" -version 2>&1 | head -n 1 | cut -d '"' -f 2)
${javaCheck(version)}
${toml ? 'rm -rf "$CARBON_HOME"/tmp/*' : since(version, '2.0.0') ? 'rm -rf "$CARBON_HOME/tmp"' : ''}
mkdir -p "$CARBON_HOME/tmp"
cd "$CARBON_HOME" || exit 1
export CARBON_HOME
${old ? 'JVM_MEM_OPTS="-Xms256m -Xmx1024m -XX:MaxPermSize=256m"' : memory}

run_java() {
  $1 "$JAVACMD" -Xbootclasspath/a:"$CARBON_HOME/lib/xboot" $JVM_MEM_OPTS \\
    -XX:+HeapDumpOnOutOfMemoryError -XX:HeapDumpPath="$CARBON_HOME/repository/logs/heap-dump.hprof" \\
    $JAVA_OPTS ${toml ? '' : '-Djava.endorsed.dirs="$CARBON_HOME/lib/endorsed" '}\\
    -Dcarbon.registry.root=/ -Djava.command="$JAVACMD" -Djava.io.tmpdir="$CARBON_HOME/tmp" \\
    ${extras(version)}-Dcarbon.home="$CARBON_HOME" -Dwso2.server.standalone=true \\
    -Dcarbon.config.dir.path="$CARBON_HOME/repository/conf" \\
    org.wso2.carbon.bootstrap.Bootstrap $args
}

if [ "$CMD" = test ]; then run_java exec; fi
status=121
while [ "$status" = 121 ]; do
  run_java ''
  status=$?
done
exit 0
`
}

/** `bin/ciphertool.sh` of a release: from 3.0.0 on it encrypts what `deployment.toml` has; the stand-in's older homes come encrypted. */
export const cipherScript = (version: Version): string =>
  since(version, '3.0.0')
    ? `#!/bin/sh
# Stand-in for the cipher tool of WSO2 API Manager ${version}. It is no work of WSO2.
if [ -z "$JAVA_HOME" ]; then
  echo "You must set the JAVA_HOME variable before running CARBON."
  exit 1
fi
[ -z "$CARBON_HOME" ] && CARBON_HOME=$(cd "$(dirname "$0")/.." && pwd)
"$JAVA_HOME/bin/java" -Dcarbon.home="$CARBON_HOME" -Dcarbon.config.dir.path="$CARBON_HOME/repository/conf" \\
  org.wso2.ciphertool.CipherTool $*
`
    : '#!/bin/sh\necho "[Stand-in: nothing to encrypt]"\n'

const optimizeCase = `    optimize|-optimize|--optimize) OPTIMIZE=yes ;;
`

const optimizeStep = `if [ "$OPTIMIZE" = yes ]; then
  for word in $args; do
    case "$word" in -Dprofile=*) sh "$CARBON_HOME/bin/profileSetup.sh" "$word" ;; esac
  done
  echo "Starting the server..."
fi
`

const memory = `[ -z "$JVM_MEM_OPTS" ] && JVM_MEM_OPTS="-Xms256m -Xmx1024m"
echo "Using Java memory options: $JVM_MEM_OPTS"`

function javaCheck(version: Version): string {
  const [pattern, names] = since(version, '3.0.0')
    ? ['1.[78]*|9*|10*|11*', '1.7, 1.8, 9, 10 and 11']
    : since(version, '1.10.0')
      ? ['1.[78]*', '1.7 and 1.8']
      : ['1.[67]*|1.8.0_107', '1.6 and 1.7']
  return `case "$java_version" in
  ${pattern}) ;;
  *) echo " Starting WSO2 Carbon (in unsupported JDK)"
     echo " [ERROR] CARBON is supported only on JDK ${names}" ;;
esac`
}

function extras(version: Version): string {
  if (since(version, '3.0.0'))
    return '-DworkerNode=false -DenableCorrelationLogs=false -Dcarbon.new.config.dir.path="$CARBON_HOME/repository/resources/conf" '
  if (!since(version, '1.10.0')) return '-DapplyPatches '
  if (!since(version, '2.0.0')) return ''
  const names = since(version, '2.6.0')
    ? '-Dhttpclient.hostnameVerifier=AllowAll'
    : '-Dorg.wso2.ignoreHostnameVerification=true'
  return `-DworkerNode=false ${names} -Djava.net.preferIPv4Stack=true `
}
