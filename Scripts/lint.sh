#!/usr/bin/env bash
# The toolchain's formatter as a linter, over everything written in Swift.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "==> swift format lint" >&2
swift format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks
