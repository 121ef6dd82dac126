#!/usr/bin/env bash
# Bundles each program and each worker: dist/x/y.js is that of src/x/y.ts. Not needed to run, but a start costs half
# (docs/decisions/0006-start.md). The launchers in bin/ use dist/ only while no source is newer than its stamp.
#   scripts/build.sh [--if-stale]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ "${1:-}" = --if-stale ] && [ -e dist/stamp ] &&
  [ -z "$(find src package-lock.json -newer dist/stamp \( -name '*.ts' -o -name '*.json' \) -print -quit)" ]; then
  exit 0
fi
next=$(mktemp -d dist.XXXXXX)
trap 'rm -rf "$next"' EXIT
# What is edited from now on is newer.
touch "$next/stamp"
bundle() { # source flags…
  local source=src/$1
  shift
  scripts/bun.sh build --target=bun --minify --external=koffi --root=src --outdir="$next" "$@" "$source" >/dev/null
}
# Bun writes bytecode for CommonJS only, and puts paths of this machine in place of import.meta there: for the client.
bundle cli/main.ts --bytecode
# One at a time: together, each would hold what any of them uses.
for source in daemon/main.ts runtime/keeper/main.ts logs/pump/worker.ts logs/ship/worker.ts \
  net/dns/worker.ts net/firewall/judge-worker.ts sys/fs/removal-worker.ts store/layers/disk-worker.ts store/volumes/volume-worker.ts store/layers/stage/stage-worker.ts store/layers/export/export-worker.ts; do
  bundle $source --sourcemap=linked
done
# By rename, the stamp last: who starts meanwhile finds the old program or the new one.
find "$next" -type f ! -name stamp -printf '%P\n' | while read -r file; do
  mkdir -p "dist/$(dirname "$file")"
  mv -f "$next/$file" "dist/$file"
done
mv -f "$next/stamp" dist/stamp
