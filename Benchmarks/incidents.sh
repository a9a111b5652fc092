#!/usr/bin/env bash
# Scores correlate on recorded incidents with known causes, as they are and in an hour of traffic.
# usage: Benchmarks/incidents.sh BINARY [--case CASE] [--only TEXT] [--list]
set -euo pipefail

python3 "$(dirname "$0")/incidents/incidents.py" "$@"
