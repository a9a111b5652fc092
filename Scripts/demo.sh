#!/usr/bin/env bash
# The main job on one machine without any server: relay traces to a file, then query them, measure them, and compile an
# alert rule on what was measured. Leaves .demo/ to look at and no process behind.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n\033[1m%s\033[0m\n' "==> $*"; }
if [ ! -t 1 ] || [ -n "${NO_COLOR:-}" ]; then say() { printf '\n==> %s\n' "$*"; }; fi

# Prints a command as one would type it, then runs it.
show() {
  printf '$ ongrid'
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_./:=-]* | '') printf " '%s'" "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '\n'
  "$ongrid" "$@"
}

say "Building the release binary"
make --no-print-directory release
ongrid=$(swift build -c release --static-swift-stdlib --show-bin-path)/ongrid

rm -rf .demo
mkdir .demo
traces=.demo/traces.otlp

: >.demo/relay.log

say "Starting a relay that writes what it receives to $traces"
# Port 0 lets the system choose, so that the demo runs beside anything else.
"$ongrid" relay --to "file:$traces" --listen-grpc 127.0.0.1:0 --listen-http 127.0.0.1:0 --listen-admin 127.0.0.1:0 \
  2>.demo/relay.log &
relay=$!
stop_relay() {
  if [ -n "$relay" ]; then
    kill -TERM "$relay" 2>/dev/null || true
    wait "$relay" 2>/dev/null || true
    relay=
  fi
}
trap stop_relay EXIT

deadline=$((SECONDS + 20))
until grep -q 'receiving on' .demo/relay.log; do
  if [ $SECONDS -ge $deadline ] || ! kill -0 "$relay" 2>/dev/null; then
    cat .demo/relay.log >&2
    exit 1
  fi
  sleep 0.05
done
cat .demo/relay.log
# The line names the gRPC, the HTTP and the admin address, in this order.
http=$(grep 'receiving on' .demo/relay.log | grep -oE '127\.0\.0\.1:[0-9]+' | sed -n 2p)

say "Sending 12 requests with curl, as an application's SDK would"
now=$(date +%s)
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
  id=$(printf '5b8efff798038103d269b633813fc6%02x' "$i")
  root=$(printf 'eee19b7ec3c1b1%02x' "$i")
  charge=$(printf 'eee19b7ec3c1c1%02x' "$i")
  start=$((now - 60 + i * 4))
  case $i in
    4 | 9) milliseconds=900 status='{"code":2,"message":"card declined"}' ;;
    7) milliseconds=950 status='{}' ;;
    *) milliseconds=$((100 + i * 10)) status='{}' ;;
  esac
  attribute() { printf '{"key":"%s","value":{"stringValue":"%s"}}' "$1" "$2"; }
  span() { # id, parent, name, kind, length in milliseconds, status
    printf '{"traceId":"%s","spanId":"%s","parentSpanId":"%s","name":"%s","kind":%s,' "$id" "$1" "$2" "$3" "$4"
    printf '"startTimeUnixNano":"%s000000000","endTimeUnixNano":"%s%03d000000",' "$start" "$start" "$5"
    printf '"attributes":[%s],"status":%s}' "$(attribute payment.provider acme)" "$6"
  }
  resource() { # service, span
    printf '{"resource":{"attributes":[%s]},"scopeSpans":[{"spans":[%s]}]}' "$(attribute service.name "$1")" "$2"
  }
  printf '{"resourceSpans":[%s,%s]}' \
    "$(resource shop-frontend "$(span "$root" '' 'POST /checkout' 2 $((milliseconds + 20)) "$status")")" \
    "$(resource payments-api "$(span "$charge" "$root" 'POST /v1/charge' 2 "$milliseconds" "$status")")" |
    curl -sS --fail --noproxy '*' -H 'Content-Type: application/json' --data-binary @- "http://$http/v1/traces" >/dev/null
done

say "Stopping the relay; it writes what it has accepted first"
stop_relay
tail -n 1 .demo/relay.log

say "Traces: which charges took longer than 800 ms?"
show traceql '{ resource.service.name = "payments-api" && duration > 800ms }' --from "$traces" --format table

say "One of them, as a waterfall"
show traceql --trace-id 5b8efff798038103d269b633813fc604 --from "$traces" --format waterfall

say "Metrics: calls by service, operation and status"
"$ongrid" spanmetrics --format prometheus "$traces" >.demo/metrics.prom
echo "\$ ongrid spanmetrics --format prometheus $traces | grep calls_total"
grep '^traces_spanmetrics_calls_total' .demo/metrics.prom

say "Alert rules, compiled to PromQL on those metrics"
cat >.demo/rules.json <<'RULES'
[
  {"kind": "trace_latency", "scope_type": "global",
   "conditions_json": {"service": "payments-api", "operation": "POST /v1/charge", "quantile": "p95", "threshold_ms": 800}},
  {"kind": "trace_error_rate", "scope_type": "global",
   "conditions_json": {"service": "payments-api", "operator": ">", "threshold_pct": 1.0}}
]
RULES
show compile-rule .demo/rules.json

say "Shown: 24 spans relayed to $traces, the slow ones found, their metrics, and 2 alert rules in PromQL."
