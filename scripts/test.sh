#!/usr/bin/env bash
# Everything that says "ok": set-up, type check, lint, import table, unused code, unit tests, end-to-end tests, a
# sample of chaos. Ends with one line: N passed, N failed, N skipped.
#   scripts/test.sh [only GROUP…]   groups: check unit e2e chaos; not part of all: chaos-all, soak
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
groups="check unit e2e chaos"
[ "${1:-}" = only ] && { shift; groups="$*"; }

bash scripts/setup.sh run test || exit 1
export PATH=$PWD/.cache/bin:/usr/local/sbin:/usr/sbin:/sbin:$PATH
bun=$PWD/scripts/bun.sh
results=$PWD/.cache/results
rm -rf "$results"
mkdir -p "$results"
broken=0

step() { # name command…
  local name=$1 start=$SECONDS status=0
  shift
  printf '\n\033[1m==> %s\033[0m\n' "$name"
  "$@" || status=$?
  [ $status = 0 ] || { broken=$((broken + 1)); printf '\033[31m%s failed (exit %s)\033[0m\n' "$name" $status; }
  printf '%s: %s s\n' "$name" $((SECONDS - start))
  # One case for each step that is no test runner.
  case $name in tests:*) ;; *) echo "$status $name" >>"$results/steps" ;; esac
}
suite() { # name paths…
  local name=$1
  shift
  step "tests: $name" "$bun" test --timeout=60000 --reporter=junit --reporter-outfile="$results/$name.xml" "$@"
}
# With engines under test: in a network and a mount namespace of its own, which end with it.
engine_suite() { # name paths…
  local name=$1
  shift
  step "tests: $name" bash scripts/isolated.sh "$bun" test --timeout=${MINKE_TEST_TIMEOUT:-60000} --preload ./test/preload.ts \
    --reporter=junit --reporter-outfile="$results/$name.xml" "$@"
}

# Two halves of a suite at once: much of an end-to-end test is waiting for somebody else's daemon. Each half has its own
# engine and namespaces; what the second says is shown when both have ended.
halves() { # suite|engine_suite name paths…
  local kind=$1 name=$2 second status=0
  shift 2
  second=$(mktemp)
  (
    broken=0
    "$kind" "$name-2" "$@" --shard=2/2
    exit $broken
  ) >"$second" 2>&1 &
  "$kind" "$name-1" "$@" --shard=1/2
  wait $! || status=$?
  broken=$((broken + status))
  cat "$second"
  rm -f "$second"
}

# Once more while each daemon is killed by SIGKILL at random moments, with the same results (docs/testing.md).
chaos_suite() { # name paths…
  local -x MINKE_TEST_CHAOS=${MINKE_TEST_CHAOS:-random} MINKE_TEST_TIMEOUT=180000
  engine_suite "$@"
}

for group in $groups; do
  case $group in
    check)
      step "type check" node node_modules/typescript/bin/tsc -p .
      step "lint and format" node_modules/.bin/biome check --error-on-warnings .
      step "import table" "$bun" scripts/check-imports.ts
      step "unused code" "$bun" node_modules/knip/bin/knip-bun.js
      ;;
    unit) halves suite unit src scripts ;;
    e2e) halves engine_suite e2e ./test/e2e ./test/clients ;;
    chaos)
      engine_suite crash ./test/crash
      chaos_suite chaos ./test/e2e/lifecycle.test.ts ./test/e2e/logs.test.ts
      ;;
    chaos-all)
      engine_suite crash ./test/crash
      chaos_suite chaos ./test/e2e ./test/clients
      ;;
    soak)
      MINKE_LOG_KILLS=${MINKE_LOG_KILLS:-300} suite soak-logs src/logs/kill.test.ts src/logs/ship/kill.test.ts
      MINKE_TEST_ROUNDS=${MINKE_TEST_ROUNDS:-200} engine_suite soak-crash ./test/crash
      # Links that are swapped while files are copied, and while containers start.
      MINKE_TEST_ROUNDS=${MINKE_RACE_ROUNDS:-10000} MINKE_TEST_TIMEOUT=7200000 engine_suite soak-races ./test/e2e/copy-hostile.test.ts
      MINKE_TEST_ROUNDS=${MINKE_START_RACE_ROUNDS:-1000} MINKE_TEST_TIMEOUT=7200000 engine_suite soak-start-races ./test/e2e/hostile-rootfs.test.ts
      MINKE_TEST_SCALE=full engine_suite soak-memory ./test/e2e/image-memory.test.ts
      MINKE_EXEC_ROUNDS=${MINKE_EXEC_ROUNDS:-50000} MINKE_ATTACH_ROUNDS=${MINKE_ATTACH_ROUNDS:-10000} \
        engine_suite soak-cycles ./test/e2e/cycles.test.ts
      for round in $(seq "${MINKE_SOAK_SUITES:-3}"); do
        chaos_suite "soak-chaos-$round" ./test/e2e ./test/clients
      done
      ;;
    *) echo "no such group: $group" >&2; exit 2 ;;
  esac
done
echo
exec "$bun" scripts/count-results.ts "$results" $broken
