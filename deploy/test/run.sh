#!/usr/bin/env bash
# Runs the stack of deploy/compose without containers, from the very files there, and proves it with prove.sh and doctor.
#
# Each service of compose.yaml is its program with the service's command, environment and files, under its host name, on an
# address of its own in a network namespace; what is written is written above the machine's files and goes at the end. Needs root, and
# on PATH: ongrid tempo loki weed prometheus alertmanager nginx openssl jq curl; PYTHON names a Python with
# app/requirements.txt and PyYAML. Takes about four minutes. KEEP=DIR keeps the logs.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHON=${PYTHON:-python3}

# Inside it is the first process.
if [ $$ -ne 1 ]; then
  for program in ongrid tempo loki weed prometheus nginx openssl jq curl ip unshare; do
    command -v "$program" >/dev/null || { echo "$0: needs $program on PATH" >&2; exit 2; }
  done
  "$PYTHON" -c 'import opentelemetry.exporter.otlp.proto.http, yaml' || { echo "$0: see PYTHON in it" >&2; exit 2; }
  work=${KEEP:-$(mktemp -d)}
  mkdir -p "$work"
  export work
  status=0
  # The machine's files with a layer above them, which goes when this ends.
  unshare --net --mount --pid --fork --kill-child bash -euo pipefail -c '
    mkdir -p "$work/layer"
    mount -t tmpfs tmpfs "$work/layer"
    mkdir "$work/layer/upper" "$work/layer/work" "$work/layer/root"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$work/layer/upper,workdir=$work/layer/work" "$work/layer/root"
    root=$work/layer/root
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    mount -t tmpfs tmpfs "$root/run"
    mkdir -p "$root$work"
    mount --bind "$work" "$root$work"
    exec chroot "$root" "$0"' "$PWD/test/run.sh" || status=$?
  if [ -z "${KEEP:-}" ]; then rm -rf "$work"; else echo "logs: $work"; fi
  exit $status
fi

# The network: an address for each service, as Compose gives it.
ip link set lo up
ip link add eth0 type bridge
ip link set eth0 up
mkdir -p "$work/log"
number=1
printf '127.0.0.1 localhost\n::1 localhost\n' >"$work/hosts"
for service in s3 tempo loki prometheus alertmanager gateway relay shop incidents; do
  number=$((number + 1))
  ip address add "10.77.0.$number/24" dev eth0
  printf '10.77.0.%s %s\n' "$number" "$service" >>"$work/hosts"
done
cp "$work/hosts" /etc/hosts
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

rm -rf compose/secrets
compose/secrets.sh compose/secrets

mapfile_of() { "$PYTHON" test/service.py "$1" "$2"; }
# start SERVICE PROGRAM...: the program with what compose.yaml says of the service.
start() {
  local service=$1 source target
  shift
  while IFS=$'\t' read -r source target; do
    mkdir -p "$(dirname "$target")"
    cp -RT "$source" "$target"
  done < <(mapfile_of mounts "$service")
  local environment=() arguments=()
  mapfile -t environment < <(mapfile_of environment "$service")
  mapfile -t arguments < <(mapfile_of command "$service")
  env GOMAXPROCS=2 "HOST=$service" "${environment[@]}" "$@" "${arguments[@]}" >"$work/log/$service.log" 2>&1 &
}
wait_for() { # what, URL
  for _ in $(seq 120); do
    if curl -sSf -o /dev/null --max-time 2 "$2" 2>/dev/null; then return; fi
    sleep 0.5
  done
  echo "FAILED: $1 does not answer at $2" >&2
  tail -n 20 "$work/log/$1.log" >&2
  exit 1
}

alertmanager=$(command -v alertmanager || command -v prometheus-alertmanager)
rm -rf /var/tempo /loki
mkdir -p /data /prometheus /alertmanager /var/tempo /loki /var/lib/ongrid /var/lib/incidents
start s3 weed
wait_for s3 http://s3:9333/cluster/status
wait_for s3 http://s3:8333/healthz
mapfile_of command buckets | sh >"$work/log/buckets.log" 2>&1
start tempo tempo
start loki loki
start prometheus prometheus
start alertmanager "$alertmanager"
wait_for tempo http://tempo:3200/ready
wait_for loki http://loki:3100/ready
wait_for prometheus http://prometheus:9090/-/ready
wait_for alertmanager http://alertmanager:9093/-/ready
start gateway nginx -g 'daemon off;'
for _ in $(seq 40); do curl -sk -o /dev/null https://gateway:8443/ && break; sleep 0.25; done
start relay ongrid
wait_for relay http://relay:8888/readyz
start shop "$PYTHON" compose/app/shop.py
start incidents "$PYTHON" compose/incidents/receiver.py
wait_for shop http://shop:8000/healthz
wait_for incidents http://incidents:8080/healthz
echo "== the stack runs"

export TEMPO=http://tempo:3200 PROMETHEUS=http://prometheus:9090 ALERTMANAGER=http://alertmanager:9093 \
  SHOP=http://shop:8000 INCIDENTS=/var/lib/incidents
compose/prove.sh
echo "== doctor"
servers=(--relay http://relay:4318 --relay-admin http://relay:8888 --tempo "$TEMPO" --prometheus "$PROMETHEUS"
  --loki http://loki:3100)
ongrid doctor "${servers[@]}"
echo "== the gateway lets nobody in without the token"
for path in v1/traces otlp/v1/logs; do
  code=$(curl -sS -o /dev/null -w '%{http_code}' --cacert compose/secrets/ca.crt -X POST "https://gateway:8443/$path")
  [ "$code" = 401 ] || { echo "FAILED: $path answers $code" >&2; exit 1; }
done
echo "== blocks are on the object store"
curl -sS http://s3:8888/buckets/tempo/ -H 'Accept: application/json' | jq -r '.Entries[].FullPath' | tee "$work/buckets.txt"
echo "== doctor finds a pipeline that is broken"
pkill -P $$ -x prometheus || true
result=0
ongrid doctor --no-send "${servers[@]}" -f json >"$work/doctor.json" || result=$?
[ "$result" = 3 ] && jq -e '.findings[] | select(.check == "prometheus.reachable" and .level == "problem")' "$work/doctor.json" |
  jq -r .message
cp -r /var/lib/incidents "$work/incidents"
echo "== passed"
