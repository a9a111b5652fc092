#!/usr/bin/env bash
# Scores correlate on simulated systems with faults of fifteen kinds, and in quiet hours.
# usage: Benchmarks/simulator.sh BINARY [--seeds 1-4] [--quiet 20] [--kind KIND] [--share SHARE] [--list]
set -euo pipefail

python3 "$(dirname "$0")/simulator/simulate.py" "$@"
