#!/bin/sh
# An hour at 1,000 requests a second: does the relay's memory or the number of its descriptors grow? In memory, then with
# a durable queue. SOAK_REQUESTS bounds it; SOAK_RATE paces it, 0 being as fast as the machine allows.
# Usage: Benchmarks/soak.sh ONGRID
set -eu
cd "$(dirname "$0")/.."
ongrid=${1:?usage: Benchmarks/soak.sh ONGRID}
requests=${SOAK_REQUESTS:-3600000}
. Benchmarks/support/relay.sh

# soak NAME SCHEME QUEUE-DIRECTORY: with a destination that fails once in 50 requests and hangs up once in 50.
soak() {
  name=$1 scheme=$2 queue=$3
  start_sink --fail-every 25
  start_relay --to "$scheme://127.0.0.1:$port" --queue-max 32MiB --retry-initial 10ms --retry-max 100ms \
    --batch-timeout 20ms ${queue:+--queue-dir "$queue"}
  echo "$name"
  "$BENCH_TOOL" soak --grpc "$grpc" --http "$http" --pid "$relay" --sink "$port" --requests "$requests" \
    --rate "${SOAK_RATE:-0}" --queue-dir "$queue"
  stop_relay
  kill "$sink"
  sink=
}

soak 'gRPC and HTTP > gRPC' grpc ''
soak 'gRPC and HTTP > HTTP, --queue-dir' http "$work/queue"
