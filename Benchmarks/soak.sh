#!/bin/sh
# An hour at 1,000 requests a second: does the relay's memory or the number of its descriptors grow? In memory, then with
# a durable queue. SOAK_REQUESTS bounds it; SOAK_RATE paces it, 0 being as fast as the machine allows.
# Usage: Benchmarks/soak.sh ONGRID
set -eu
cd "$(dirname "$0")/.."
ongrid=${1:?usage: Benchmarks/soak.sh ONGRID}
requests=${SOAK_REQUESTS:-3600000}
if [ -z "${BENCH_TOOL:-}" ]; then
  swift build -c release --static-swift-stdlib --product ongrid-relay-bench >&2
  BENCH_TOOL=$(swift build -c release --static-swift-stdlib --show-bin-path)/ongrid-relay-bench
fi
work=$(mktemp -d)
sink=
relay=
stop() {
  [ -z "$relay" ] || kill "$relay" 2>/dev/null || true
  [ -z "$sink" ] || kill "$sink" 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT

# soak NAME SCHEME QUEUE-DIRECTORY: with a destination that fails once in 50 requests and hangs up once in 50.
soak() {
  name=$1 scheme=$2 queue=$3
  rm -f "$work/sink" "$work/log"
  "$BENCH_TOOL" sink --fail-every 25 >"$work/sink" &
  sink=$!
  until [ -s "$work/sink" ]; do sleep 0.05; done
  port=$(cat "$work/sink")
  "$ongrid" relay --listen-grpc 127.0.0.1:0 --listen-http 127.0.0.1:0 --listen-admin none \
    --to "$scheme://127.0.0.1:$port" --queue-max 32MiB --retry-initial 10ms --retry-max 100ms --batch-timeout 20ms \
    ${queue:+--queue-dir "$queue"} 2>"$work/log" &
  relay=$!
  until grep -q receiving "$work/log" 2>/dev/null; do sleep 0.05; done
  set -- $(grep receiving "$work/log" | grep -o '127\.0\.0\.1:[0-9]*' | cut -d: -f2)
  echo "$name"
  "$BENCH_TOOL" soak --grpc "$1" --http "$2" --pid "$relay" --sink "$port" --requests "$requests" \
    --rate "${SOAK_RATE:-0}" --queue-dir "$queue"
  kill "$relay"
  wait "$relay"
  kill "$sink"
  relay=
  sink=
}

soak 'gRPC and HTTP > gRPC' grpc ''
soak 'gRPC and HTTP > HTTP, --queue-dir' http "$work/queue"
