#!/usr/bin/env bash
# Bundles the minke command into .cache/cli/main.js with Bun's bytecode beside it; bin/minke prefers it to the
# sources. Not needed to run: it saves a third of the CPU of each command (docs/decisions/0001-cli-start.md).
#   scripts/build-cli.sh [bun]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bun=${1:-${MINKE_BUN:-$root/node_modules/@oven/bun-linux-x64/bin/bun}}
out=$root/.cache/cli
mkdir -p "$out"
next=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$next"' EXIT
"$bun" build --target=bun --minify --bytecode --outdir="$next" "$root/src/cli/main.ts" >/dev/null
# The bytecode first: a bundle without it is only slower, bytecode of another bundle is ignored.
mv -f "$next/main.js.jsc" "$out/main.js.jsc"
mv -f "$next/main.js" "$out/main.js"
