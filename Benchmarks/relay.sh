#!/bin/sh
# What the relay costs: processor time of the relay alone, its memory, latency, and whether every span arrived.
# Usage: Benchmarks/relay.sh ONGRID [REQUESTS]
set -eu
cd "$(dirname "$0")/.."
ongrid=${1:?usage: Benchmarks/relay.sh ONGRID [REQUESTS]}
requests=${2:-20000}
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
"$BENCH_TOOL" sink >"$work/sink" &
sink=$!
until [ -s "$work/sink" ]; do sleep 0.05; done
port=$(cat "$work/sink")

# run NAME PROTOCOL ENCODING RELAY-OPTIONS…
run() {
  name=$1 protocol=$2 encoding=$3
  shift 3
  rm -rf "$work/queue" "$work/log"
  "$ongrid" relay --listen-grpc 127.0.0.1:0 --listen-http 127.0.0.1:0 --listen-admin none "$@" 2>"$work/log" &
  relay=$!
  until grep -q receiving "$work/log" 2>/dev/null; do sleep 0.05; done
  target=$(grep -o '127\.0\.0\.1:[0-9]*' "$work/log" | head -1)
  printf '%-34s ' "$name"
  "$BENCH_TOOL" load --to "$target" --protocol "$protocol" --encoding "$encoding" \
    --requests "$requests" --pid "$relay" --sink "$port"
  kill "$relay"
  wait "$relay" || true
  relay=
}

run 'gRPC identity > gRPC identity' grpc identity --to "grpc://127.0.0.1:$port" --compression none
run 'HTTP identity > HTTP identity' http identity --to "http://127.0.0.1:$port" --compression none
run 'gRPC gzip > gRPC gzip' grpc gzip --to "grpc://127.0.0.1:$port"
run 'HTTP gzip > HTTP gzip' http gzip --to "http://127.0.0.1:$port"
run 'gRPC identity > gRPC gzip' grpc identity --to "grpc://127.0.0.1:$port"
run 'gRPC gzip > gzip, --resource' grpc gzip --to "grpc://127.0.0.1:$port" --resource deployment=edge
run 'gRPC identity, --queue-dir' grpc identity --to "grpc://127.0.0.1:$port" --compression none --queue-dir "$work/queue"
run 'gRPC gzip, --queue-dir' grpc gzip --to "grpc://127.0.0.1:$port" --queue-dir "$work/queue"
