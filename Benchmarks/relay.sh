#!/bin/sh
# What the relay costs: processor time of the relay alone, its memory, latency, and whether every span arrived. First for large
# requests on a few connections, then for small ones on many; a collector (otelcol or otelcol-contrib) stands beside where it
# is installed.
# Usage: Benchmarks/relay.sh ONGRID [REQUESTS]
set -eu
cd "$(dirname "$0")/.."
ongrid=${1:?usage: Benchmarks/relay.sh ONGRID [REQUESTS]}
requests=${2:-20000}
. Benchmarks/support/relay.sh
# An authority of a day, which signs for localhost.
curve='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
openssl req -x509 $curve -days 1 -subj /CN=bench-ca -keyout "$work/ca.key" -out "$work/ca.pem" 2>/dev/null
openssl req $curve -subj /CN=localhost -keyout "$work/key.pem" -out "$work/request.pem" 2>/dev/null
echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' >"$work/names"
openssl x509 -req -in "$work/request.pem" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 1 \
  -extfile "$work/names" -out "$work/cert.pem" 2>/dev/null
start_sink --tls-cert "$work/cert.pem" --tls-key "$work/key.pem"

# What the load generator is told beside that.
shape=
# run NAME PROTOCOL ENCODING RELAY-OPTIONS…; load_tls is what the load generator needs for TLS.
load_tls=
run() {
  name=$1 protocol=$2 encoding=$3
  shift 3
  rm -rf "$work/queue"
  start_relay "$@"
  printf '%-34s ' "$name"
  address=$grpc
  [ "$protocol" = grpc ] || address=$http
  "$BENCH_TOOL" load --to "127.0.0.1:$address" --protocol "$protocol" --encoding "$encoding" \
    --requests "$requests" --pid "$relay" --sink "$port" $load_tls $shape
  stop_relay || true
}

run 'gRPC identity > gRPC identity' grpc identity --to "grpc://127.0.0.1:$port" --compression none
run 'HTTP identity > HTTP identity' http identity --to "http://127.0.0.1:$port" --compression none
run 'gRPC gzip > gRPC gzip' grpc gzip --to "grpc://127.0.0.1:$port"
run 'HTTP gzip > HTTP gzip' http gzip --to "http://127.0.0.1:$port"
run 'gRPC identity > gRPC gzip' grpc identity --to "grpc://127.0.0.1:$port"
run 'gRPC gzip > gzip, --resource' grpc gzip --to "grpc://127.0.0.1:$port" --resource deployment=edge
run 'gRPC identity, --queue-dir' grpc identity --to "grpc://127.0.0.1:$port" --compression none --queue-dir "$work/queue"
run 'gRPC gzip, --queue-dir' grpc gzip --to "grpc://127.0.0.1:$port" --queue-dir "$work/queue"
load_tls="--tls-ca $work/ca.pem"
set -- --listen-tls-cert "$work/cert.pem" --listen-tls-key "$work/key.pem" --tls-ca "$work/ca.pem"
run 'gRPC TLS > gRPC TLS, identity' grpc identity --to "grpcs://localhost:$port" --compression none "$@"
run 'HTTPS > HTTPS, identity' http identity --to "https://localhost:$port" --compression none "$@"
run 'gRPC TLS > gRPC TLS, gzip' grpc gzip --to "grpcs://localhost:$port" "$@"
run 'HTTPS > HTTPS, gzip' http gzip --to "https://localhost:$port" "$@"

load_tls=
printf '\nsmall requests, 200 connections\n'
requests=$((requests * 5))
small() {
  title=$1 shape="--spans $2 --connections 200 --streams 1"
  shift 2
  run "$title" "$@"
}
small 'HTTP, 1 span' 1 http identity --to "http://127.0.0.1:$port" --compression none
small 'HTTP gzip, 20 spans' 20 http gzip --to "http://127.0.0.1:$port"
small 'gRPC, 1 span' 1 grpc identity --to "grpc://127.0.0.1:$port" --compression none
small 'gRPC gzip, 20 spans' 20 grpc gzip --to "grpc://127.0.0.1:$port"
small 'gRPC gzip, 20 spans, --queue-dir' 20 grpc gzip --to "grpc://127.0.0.1:$port" --queue-dir "$work/queue"

collector=$(command -v otelcol-contrib || command -v otelcol || true)
[ -n "$collector" ] || exit 0
printf '\n%s\n' "$collector"
# start_collector COMPRESSION: sets $relay, its process, and $grpc and $http, its ports.
start_collector() {
  grpc=24317 http=24318
  "$ongrid" relay --engine otelcol --print-config --to "grpc://127.0.0.1:$port" --compression "$1" \
    --listen-grpc "127.0.0.1:$grpc" --listen-http "127.0.0.1:$http" --listen-admin none >"$work/collector.yaml"
  "$collector" --config "$work/collector.yaml" 2>"$work/log" &
  relay=$!
  until grep -q 'Everything is ready' "$work/log" 2>/dev/null; do sleep 0.1; done
}
start_relay() { if [ "$2" = gzip ]; then start_collector gzip; else start_collector none; fi; }
shape=
run 'gRPC identity > gRPC identity' grpc identity collector none
run 'gRPC gzip > gRPC gzip' grpc gzip collector gzip
small 'HTTP, 1 span' 1 http identity collector none
small 'gRPC gzip, 20 spans' 20 grpc gzip collector gzip
