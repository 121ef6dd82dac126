#!/usr/bin/env bash
# Measures Minke beside Debian's docker.io and podman: installs what is missing (starting nothing), then runs
# bench/main.ts in a network and a mount namespace of its own, on data-roots of its own. Flags go to it: --quick.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh run test bench
export PATH=$PWD/.cache/bin:/usr/local/sbin:/usr/sbin:/sbin:$PATH
export UV_THREADPOOL_SIZE=16
exec bash scripts/isolated.sh "$PWD/scripts/bun.sh" bench/main.ts "$@"
