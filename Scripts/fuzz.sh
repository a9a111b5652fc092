#!/bin/sh
# Fuzzes with libFuzzer under the address sanitizer, one target after the other, and prints what each run has covered.
# Usage: Scripts/fuzz.sh [TARGET…]; FUZZ_SECONDS is for each target, FUZZ_SEED makes two runs look at the same
# inputs. Linux: Apple's toolchains have no libFuzzer.
set -eu
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
build=.build/libfuzzer
fuzzer=$build/release/ongrid-fuzz
# --sanitize alone instruments Swift for the last one named only.
ONGRID_FUZZ=1 swift build -c release --product ongrid-fuzz --scratch-path "$build" \
  --sanitize address --sanitize fuzzer \
  -Xswiftc -sanitize=address,fuzzer -Xswiftc -enable-testing >&2
[ $# -gt 0 ] || set -- $("$fuzzer" --list)
# Swift keeps bits of its own in pointers, which hides from the leak checker what they point to.
export ASAN_OPTIONS=detect_leaks=0
# Random hashing is coverage that one run has and the next has not.
export SWIFT_DETERMINISTIC_HASHING=1
found=0
for target in "$@"; do
  # The corpus stays: the next run goes on where this one ends.
  corpus=$build/corpus/$target
  mkdir -p "$corpus" "$build/findings"
  "$fuzzer" --seeds "$target" "$corpus"
  log=$build/$target.log
  status=0
  "$fuzzer" "$target" "$corpus" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" -max_len=4096 -timeout=20 -rss_limit_mb=2048 \
    -use_value_profile=1 -detect_leaks=0 -print_final_stats=1 -artifact_prefix="$build/findings/$target-" >"$log" 2>&1 || status=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
  inputs=$(ls "$corpus" | wc -l)
  if [ "$status" -eq 0 ]; then
    printf '%-12s %10s runs  %6s edges  %6s inputs  nothing found\n' "$target" "$runs" "$edges" "$inputs"
  else
    found=1
    printf '%-12s %10s runs  %6s edges  %6s inputs  FOUND, see %s\n' "$target" "${runs:--}" "$edges" "$inputs" "$log"
    grep -aE 'Fatal error|ERROR:|SUMMARY|Test unit written|Base64' "$log" | cut -c1-1000 || true
  fi
done
exit "$found"
