#!/usr/bin/env bash
# Runs a command in a network and a mount namespace of its own, so that engines under test share no bridge, firewall
# or mount with the machine, and what they leave behind can be told exactly.
#   scripts/isolated.sh COMMAND…
# With MINKE_TEST_CGROUPS=2 the cgroups are those of version 2 alone, with the controllers that version 1 has left it.
set -euo pipefail
if [ "${MINKE_TEST_ISOLATED:-}" != yes ]; then
  export MINKE_TEST_ISOLATED=yes
  exec unshare --net --mount --propagation private -- bash "$0" "$@"
fi
ip link set lo up
# A sysfs that shows this network namespace's links, with the machine's cgroups in it.
cgroups=$(mktemp -d)
mount --rbind /sys/fs/cgroup "$cgroups"
mount -t sysfs sysfs /sys
if [ "${MINKE_TEST_CGROUPS:-}" = 2 ]; then mount -t cgroup2 cgroup2 /sys/fs/cgroup
else mount --rbind "$cgroups" /sys/fs/cgroup; fi
umount -l "$cgroups"
rmdir "$cgroups"
exec "$@"
