#!/bin/sh
# Proves that the stack is whole: a request to the application becomes a trace, a metric, a rule that fires, an alert, and an
# incident document. Needs ongrid, curl and jq. Takes two to four minutes, most of which rules and alerts wait.
set -eu
SHOP=${SHOP:-http://localhost:8000}
TEMPO=${TEMPO:-http://localhost:3200}
PROMETHEUS=${PROMETHEUS:-http://localhost:9090}
ALERTMANAGER=${ALERTMANAGER:-http://localhost:9093}
INCIDENTS=${INCIDENTS:-$(dirname "$0")/incidents/documents}
PATIENCE=${PATIENCE:-300}

get() { curl -sS --noproxy '*' "$@"; }
started=$(date +%s)
# until_true WHAT COMMAND...: waits for the command to succeed.
until_true() {
  what=$1
  shift
  until "$@" >/dev/null 2>&1; do
    if [ $(($(date +%s) - started)) -gt "$PATIENCE" ]; then
      echo "FAILED: $what: not within $PATIENCE s" >&2
      exit 1
    fi
    sleep 1
  done
  echo "ok after $(($(date +%s) - started)) s: $what"
}

sells() { get -f "$SHOP/buy"; }
until_true "the shop sells" sells
trace=$(get "$SHOP/buy?fail=1" | tr -d '\n')
has_trace() { ongrid traceql --tempo "$TEMPO" --trace-id "$trace" -f json | grep -q '"POST /charge"'; }
until_true "trace $trace is in Tempo" has_trace
finds() { ongrid traceql --tempo "$TEMPO" --since 10m --exit-status '{ resource.service.name = "shop" && status = error }'; }
until_true "a search for failures finds it" finds

# Failures for as long as it takes; every second request.
(while :; do
  get "$SHOP/buy" || true
  get "$SHOP/buy?fail=1" || true
  sleep 0.5
done) >/dev/null 2>&1 &
load=$!
trap 'kill $load 2>/dev/null || true' EXIT

query() { get --get "$PROMETHEUS/api/v1/query" --data-urlencode "query=$1" | jq -e '.data.result | length > 0'; }
counts() {
  query 'traces_spanmetrics_calls_total{service_name="shop",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR"}'
}
until_true "the failure is counted, with service_name" counts
both() { query 'traces_spanmetrics_calls_total{service="shop",service_name="shop"}'; }
until_true "both service labels are there" both
exemplar() {
  get --get "$PROMETHEUS/api/v1/query_exemplars" --data-urlencode 'query=traces_spanmetrics_latency_bucket{service="shop"}' \
    --data-urlencode "start=$started" --data-urlencode "end=$(($(date +%s) + 60))" | jq -e '.data[0].exemplars[0]'
}
until_true "its latency has an exemplar" exemplar
fires() { get "$PROMETHEUS/api/v1/alerts" | jq -e '.data.alerts[] | select(.labels.alertname == "shop-failures" and .state == "firing")'; }
until_true "the rule fires" fires
alerts() { get "$ALERTMANAGER/api/v2/alerts" | jq -e '.[] | select(.labels.alertname == "shop-failures")'; }
until_true "Alertmanager knows" alerts
document() { cat "$INCIDENTS"/*.json | jq -es 'any(.[]; .incident.service == "shop" and .incident.rule_key == "shop-failures")'; }
until_true "an incident document is written" document
cat "$INCIDENTS"/*.json | jq -r '"it holds \(.trace_panel.traces | length) traces; skipped: \(.skipped | tojson)"' | tail -n 1
cat "$INCIDENTS"/*.json | jq -r '.suspects[:3][]?.text' | tail -n 3
echo "whole, after $(($(date +%s) - started)) s"
