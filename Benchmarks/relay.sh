#!/bin/sh
# What the relay costs: processor time of the relay alone, its memory, latency, and whether every span arrived.
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

# run NAME PROTOCOL ENCODING RELAY-OPTIONS…; load_tls is what the load generator needs for TLS.
load_tls=
run() {
  name=$1 protocol=$2 encoding=$3
  shift 3
  rm -rf "$work/queue"
  start_relay "$@"
  printf '%-34s ' "$name"
  "$BENCH_TOOL" load --to "127.0.0.1:$grpc" --protocol "$protocol" --encoding "$encoding" \
    --requests "$requests" --pid "$relay" --sink "$port" $load_tls
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
