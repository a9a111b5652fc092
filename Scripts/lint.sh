#!/usr/bin/env bash
# The toolchain's formatter as a linter, over everything written in Swift.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "==> swift format lint" >&2
swift format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks

# The thread sanitizer does not see it on Linux; Platform's Monitor does the same.
if grep -rnE '\bMutex[<(]' Sources Tests Benchmarks; then
  echo "use Monitor instead of Mutex" >&2
  exit 1
fi

# Numbers from outside overflow where they are multiplied without a look at the range.
if grep -rnE '\* ?(1_000_000_000|1_000_000|1e9|1e6)\b' --include=*.swift Sources | grep -v '^Sources/Platform/Time/'; then
  echo "convert time with Duration, Timestamp and Nanoseconds, which stand in Sources/Platform/Time" >&2
  exit 1
fi
