#!/usr/bin/env bash
# The one place that installs what is missing. Idempotent. Groups: run (what the engine needs), test, bench.
#   scripts/setup.sh [run] [test] [bench]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
CACHE=$PWD/.cache

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
missing() { ! command -v "$1" >/dev/null 2>&1; }

# Everything that would start a service at boot, one a line.
boot_links() { find /etc/systemd/system -path '*.wants/*' 2>/dev/null; find /etc/rc[2-5].d -name 'S*' 2>/dev/null; }

apt_update() {
  [ -n "${apt_updated:-}" ] && return
  say "apt-get update"
  apt-get update -qq
  apt_updated=yes
}

# Installs Debian packages without starting a service, now or at the next boot.
debian_install() {
  [ $# -gt 0 ] || return 0
  apt_update
  say "installing $*"
  local policy=/usr/sbin/policy-rc.d ours= before link
  before=$(boot_links | sort)
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    ours=yes
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  local status=0
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$CACHE/apt.log" 2>&1 || status=$?
  if [ -n "$ours" ]; then rm -f $policy; trap - EXIT; fi
  if [ $status != 0 ]; then tail -20 "$CACHE/apt.log" >&2; return $status; fi
  while read -r link; do
    case $link in
      /etc/rc*) update-rc.d "$(basename "$link" | sed 's/^S[0-9]*//')" disable >/dev/null 2>&1 || rm -f "$link" ;;
      ?*) rm -f "$link" ;;
    esac
  done < <(comm -13 <(echo "$before") <(boot_links | sort))
}

# One program out of a Debian package, into .cache/bin: no dependencies, nothing configured.
debian_program() { # package path
  local work
  apt_update
  say "fetching $2 of the Debian package $1"
  work=$(mktemp -d)
  (cd "$work" && chmod 755 . && apt-get download -qq "$1" >/dev/null && dpkg-deb -x ./*.deb tree)
  install -m 755 "$work/tree$2" "$CACHE/bin/"
  rm -rf "$work"
}

# crun 1.8 refuses a host where a controller sits on the v2 hierarchy beside v1 ones ("cgroups in hybrid mode
# not supported"): give it a v1 hierarchy.
mount_hybrid_controllers() {
  [ -e /sys/fs/cgroup/unified/cgroup.controllers ] || return 0
  local controller
  for controller in $(cat /sys/fs/cgroup/unified/cgroup.controllers); do
    mountpoint -q "/sys/fs/cgroup/$controller" && continue
    say "mounting the cgroup controller $controller on v1"
    mkdir -p "/sys/fs/cgroup/$controller"
    mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller"
  done
}

npm_packages() {
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    say "npm install"
    # Why not `npm ci`: it refuses a lock file without the builds for other platforms, and registries that mirror
    # only a part do not have them. Versions are those of the lock file all the same.
    npm install --no-save --no-audit --no-fund --loglevel=error
    touch node_modules/.package-lock.json
  fi
}

[ "$(id -u)" = 0 ] || { echo "minke: this needs root" >&2; exit 1; }
[ "$(uname -s)" = Linux ] || { echo "minke: this needs Linux" >&2; exit 1; }
mkdir -p "$CACHE/bin"
export PATH=$CACHE/bin:/usr/local/sbin:/usr/sbin:/sbin:$PATH
packages=()
want() { if missing "$1"; then packages+=("$2"); fi; }
for group in "${@:-run}"; do
  case $group in
    run)
      missing runc && want crun crun
      want nft nftables
      want curl curl
      want xz xz-utils
      want bzip2 bzip2
      [ -e /etc/ssl/certs/ca-certificates.crt ] || packages+=(ca-certificates)
      case $(ldd /bin/busybox 2>&1 || true) in *"not a dynamic"*) ;; *) packages+=(busybox-static) ;; esac
      ;;
    test)
      want crun crun
      want ip iproute2
      want script bsdutils
      want openssl openssl
      want setcap libcap2-bin
      # Receivers of log drivers.
      want rsyslogd rsyslog
      [ -e "/usr/lib/$(uname -m)-linux-gnu/rsyslog/lmnsd_gtls.so" ] || packages+=(rsyslog-gnutls)
      # The reference, for data-roots that both engines use in turn; and the docker CLI of 20.10.
      want dockerd docker.io
      want docker-compose docker-compose
      # For the disk whose power is cut.
      want mkfs.xfs xfsprogs
      missing docker-registry && debian_program docker-registry /usr/bin/docker-registry
      if missing nginx; then debian_program nginx /usr/sbin/nginx || say "no nginx here: its tests will be skipped"; fi
      ;;
    bench)
      want dockerd docker.io
      want podman podman
      want iptables iptables
      # What goes through a network.
      want iperf3 iperf3
      want wrk wrk
      ;;
  esac
done
debian_install "${packages[@]}"
npm_packages
bash scripts/build.sh --if-stale
mount_hybrid_controllers
