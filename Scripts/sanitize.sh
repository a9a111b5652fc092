#!/bin/sh
# The tests under the address and then the thread sanitizer. Reports of every process, those that tests start among them, are
# gathered; any report, and any test that fails, makes the verdict bad.
# Usage: Scripts/sanitize.sh [address] [thread]; SANITIZE_FILTER is a pattern of the suites to run, all of them without it.
# With SANITIZE_REPORTS_ONLY a test that fails is shown but does not make the verdict bad: everything is ten times as slow here.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- address thread
# Tests that bound memory look at this.
export ONGRID_SANITIZER=1
bad=0
for kind in "$@"; do
  build=.build/$kind
  reports=$PWD/$build/reports
  rm -rf "$reports"
  mkdir -p "$reports"
  # Swift keeps bits of its own in pointers, which hides from the leak checker what they point to: 'make soak' looks for
  # leaks. Shortage of memory is something tests provoke.
  export ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1:log_path=$reports/asan"
  export TSAN_OPTIONS="log_path=$reports/tsan:suppressions=$PWD/Scripts/thread-sanitizer.txt"
  status=0
  swift build --build-tests --sanitize "$kind" --scratch-path "$build" >&2
  swift test --skip-build --sanitize "$kind" --scratch-path "$build" ${SANITIZE_FILTER:+--filter "$SANITIZE_FILTER"} \
    >"$build/tests.log" 2>&1 || status=$?
  grep -a '^.* Test run with' "$build/tests.log" | tail -1
  grep -a '^✘' "$build/tests.log" | cut -c1-300 || true
  count=$(find "$reports" -type f | wc -l)
  [ -z "${SANITIZE_REPORTS_ONLY:-}" ] || ! grep -aq 'Test run with' "$build/tests.log" || status=0
  if [ "$status" -eq 0 ] && [ "$count" -eq 0 ]; then
    echo "$kind sanitizer: nothing found"
  else
    bad=1
    echo "$kind sanitizer: $count processes reported something, see $build/tests.log and $reports"
    find "$reports" -type f -exec grep -ah 'SUMMARY:' {} + | sort | uniq -c | sort -rn | head -20
  fi
done
exit "$bad"
