import { since, type Version } from './release.ts'

/** `bin/profileSetup.sh` (2.6.0 and later): trims a home for good, as the real one does, without a way back. */
export function profileSetup(version: Version): string {
  const toml = since(version, '3.0.0')
  const store = toml ? 'api-devportal' : 'api-store'
  return `#!/bin/sh
# Stand-in for the profile optimizer of WSO2 API Manager ${version}. It is no work of WSO2.
home=$(cd "$(dirname "$0")/.." && pwd)
server="$home/repository/deployment/server"
say() { echo "[$(date '+%Y-%m-%d %H:%M:%S:%3N')] INFO - $1"; }
keep() { # directory, what is one of them called, patterns that stay
  directory=$1; word=$2; shift 2
  for path in "$directory"/*; do
    [ -e "$path" ] || continue
    stays=no
    for pattern in "$@"; do case "$(basename "$path")" in $pattern) stays=yes ;; esac; done
    [ "$stays" = no ] && rm -rf "$path" && say "Removed the $(basename "$path") $word from $directory"
  done
}
synapse() {
  for path in "$server"/synapse-configs/default/*; do
    [ "$(basename "$path")" = synapse.xml ] || rm -rf "$path"
  done
  say "Removed the synapse configuration from $server/synapse-configs/default"
}
sockets() { rm -f "$server"/synapse-configs/default/inbound-endpoints/*WebSocketInboundEndpoint.xml; }
turn_off() { sed -i "/<$2>/,/<\\/$2>/s#<Enabled>true</Enabled>#<Enabled>false</Enabled>#" "$home/repository/conf/$1"; }
template() {
${
  toml
    ? `  mv "$home/repository/conf/deployment.toml" "$home/repository/conf/deployment.toml.backup"
  cp "$home/repository/resources/conf/deployment-templates/$1.toml" "$home/repository/conf/deployment.toml"
  say "Replaced deployment.toml by the template of $1"`
    : '  :'
}
}
case "$1" in
  -Dprofile=api-key-manager)
    turn_off api-manager.xml DataPublisher
    keep "$server/webapps" webapp 'client-registration#*' 'authenticationendpoint*' 'oauth2*' 'throttle#data*' '*consent-mgt*' STRATOS_ROOT
    keep "$server/jaggeryapps" jaggeryapp
    synapse; template api-key-manager ;;
  -Dprofile=api-publisher)
    keep "$server/webapps" webapp 'api#am#publisher#v*' ${toml ? "'authenticationendpoint*' 'oauth2*' " : ''}STRATOS_ROOT
    keep "$server/jaggeryapps" jaggeryapp admin publisher
    sockets; template api-publisher ;;
  -Dprofile=${store})
    keep "$server/webapps" webapp 'api#am#store#*' ${toml ? "'authenticationendpoint*' 'oauth2*' " : ''}STRATOS_ROOT
    keep "$server/jaggeryapps" jaggeryapp ${toml ? 'devportal' : 'store'}
    sockets; template ${store} ;;
  -Dprofile=traffic-manager)
    keep "$server/webapps" webapp STRATOS_ROOT
    keep "$server/jaggeryapps" jaggeryapp
    synapse; template traffic-manager ;;
  -Dprofile=gateway-worker)
    keep "$server/webapps" webapp 'am#sample#pizzashack#v*' STRATOS_ROOT
    keep "$server/jaggeryapps" jaggeryapp
    template gateway-worker ;;
  *) echo "Profile is not ${toml ? 'specified' : 'specifed'} properly, please try again"; exit 0 ;;
esac
echo "Finished the optimizations"
`
}
