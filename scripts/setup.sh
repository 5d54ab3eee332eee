#!/usr/bin/env bash
# Everything a fresh clone needs: npm packages, the built command, and (Debian, as root) the servers that the lab runs.
# Run it as often as you like; -q says nothing unless something is done or wrong.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PATH:/usr/sbin:/sbin

quiet=
[ "${1:-}" = -q ] && quiet=1
say() { echo "setup: $*"; }
fail() {
  echo "setup: $*" >&2
  exit 1
}

command -v node >/dev/null || fail 'Node is missing: install Node 20.19 or newer.'
node -e '
  const [major, minor] = process.versions.node.split(".").map(Number)
  process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)
' || fail "Node $(node --version) is too old: install Node 20.19 or newer."

# A node_modules that is a link belongs to somebody else.
if [ ! -L node_modules ]; then
  stamp=node_modules/.setup-stamp
  lock=$(sha256sum package-lock.json)
  if [ ! -f $stamp ] || [ "$(cat $stamp)" != "$lock" ]; then
    say 'installing npm packages'
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
    echo "$lock" >$stamp
  fi
fi

node scripts/build.mjs --types

# What the lab calls, and the Debian package that has it.
needed='sshd:openssh-server svnserve:subversion mariadbd:mariadb-server mariadb-install-db:mariadb-server
  mariadb:mariadb-client rsync:rsync unzip:unzip zip:zip ps:procps unshare:util-linux ip:iproute2 openssl:openssl'
# Tests run the same plays with Ansible beside ours, drain a real HAProxy, count system calls, log in to other shells, dump PostgreSQL's databases, unpack with a JDK's jar, and have our JSON Schema judged; only where set-up installs by itself, since the lab does not need it.
for_tests=
if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then
  for_tests=1
  needed="$needed ansible-playbook:ansible-core age:age sudo:sudo doas:opendoas strace:strace busybox:busybox haproxy:haproxy socat:socat tcsh:tcsh
    fish:fish /usr/bin/jsonschema:python3-jsonschema psql:postgresql-client
    zstd:zstd curl:curl wget:wget jar:default-jdk-headless"
fi

# PostgreSQL's server is on nobody's PATH in Debian, and the tests use Debian's own.
has_postgresql() { ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; }

missing_packages() {
  local pair
  for pair in $needed; do
    command -v "${pair%%:*}" >/dev/null || echo "${pair##*:}"
  done | sort -u
  if [ -n "$for_tests" ] && ! has_postgresql; then echo postgresql; fi
}

policy=/usr/sbin/policy-rc.d
kept=$policy.before-upgrade-fleet
mark='# upgrade-fleet setup: nothing is started by this install'

restore_policy() {
  if [ -f $policy ] && grep -qxF "$mark" $policy; then rm -f $policy; fi
  if [ -e $kept ]; then mv -f $kept $policy; fi
}

install_packages() {
  local log
  log=$(mktemp)
  apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends -o DPkg::Lock::Timeout=600 install "$@"
  }
  restore_policy # one of ours may be left from a run that was killed
  trap restore_policy EXIT
  trap 'exit 130' INT TERM HUP
  if [ -e $policy ]; then mv $policy $kept; fi
  printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >$policy
  chmod 755 $policy
  if ! apt_install "$@" >"$log" 2>&1 </dev/null; then
    # Without package lists, or with old ones.
    apt-get -q -o DPkg::Lock::Timeout=600 update >>"$log" 2>&1 </dev/null || true
    if ! apt_install "$@" >>"$log" 2>&1 </dev/null; then
      tail -n 20 "$log" >&2
      fail "apt-get could not install: $*"
    fi
  fi
  rm -f "$log"
  restore_policy
  trap - EXIT INT TERM HUP
  # The lab starts its own servers: those of the system shall not come up at the next boot because of us.
  if [ -d /run/systemd/system ]; then
    local package
    for package in "$@"; do
      case $package in
        openssh-server) systemctl disable ssh >/dev/null 2>&1 || true ;;
        mariadb-server) systemctl disable mariadb >/dev/null 2>&1 || true ;;
        haproxy) systemctl disable haproxy >/dev/null 2>&1 || true ;;
        postgresql) systemctl disable postgresql >/dev/null 2>&1 || true ;;
      esac
    done
  fi
}

missing=$(missing_packages | xargs)
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null; then
    exec 9>/run/lock/upgrade-fleet-setup.lock
    flock 9 # another clone may be installing the same
    missing=$(missing_packages | xargs)
    if [ -n "$missing" ]; then
      say "installing Debian packages: $missing"
      # shellcheck disable=SC2086
      install_packages $missing
    fi
    exec 9>&-
  elif [ -f /etc/debian_version ]; then
    fail "the lab needs more; type: sudo apt-get install --no-install-recommends $missing"
  else
    fail "the lab needs what Debian calls: $missing. Install the like with this system's package manager."
  fi
fi

[ -n "$quiet" ] || say "ready: npx upgrade-fleet --help"
