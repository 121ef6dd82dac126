#!/usr/bin/env bash
# Runs the end-to-end suite against Debian's dockerd 20.10: whoever doubts a test sees what Docker does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh run test bench
export MINKE_TEST_ENGINE=docker
exec bash scripts/test.sh only e2e
