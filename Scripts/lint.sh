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
