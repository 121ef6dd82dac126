#!/usr/bin/env bash
# Runs the Bun of node_modules that fits this machine.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case $(uname -m) in
  aarch64) names="bun-linux-aarch64" ;;
  *) if grep -qw avx2 /proc/cpuinfo; then names="bun-linux-x64 bun-linux-x64-baseline"; else names="bun-linux-x64-baseline"; fi ;;
esac
for name in $names; do
  bun="$root/node_modules/@oven/$name/bin/bun"
  [ -x "$bun" ] && exec "$bun" "$@"
done
echo "no Bun in node_modules: run npm install" >&2
exit 127
