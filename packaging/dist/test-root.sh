#!/usr/bin/env bash
# test-root.sh [ROOT]: unpacks the tarball of dist/ in a root file system of Debian 11 without Swift and without any -dev package,
# and runs every command there. ROOT is made with debootstrap if it is not there. Needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$(readlink -m "${1:-.build/roots/bullseye}")
tarball=$(ls "$PWD"/dist/ongrid-*-linux-*.tar.gz)
if [ ! -e "$root/etc/os-release" ]; then
  debootstrap --variant=minbase --include=libcurl4,ca-certificates,jq,curl,libsnappy1v5,openssl bullseye "$root" \
    "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >/dev/null
fi
rm -rf "$root/trial"
[ -s "$root/etc/hosts" ] || echo "127.0.0.1 localhost" >"$root/etc/hosts"
mkdir -p "$root/trial" "$root/usr/local"
tar -xzf "$tarball" --strip-components=1 -C "$root/usr/local"
cp -r Tests/Fixtures/otlp/shop.otlp Tests/Fixtures/correlate/incident.jsonl.gz "$root/trial"
cat >"$root/trial/run.sh" <<'END'
set -eu
cd /trial
export HOME=/trial LANG=C.UTF-8
say() { printf 'ok: %s\n' "$*"; }
. /etc/os-release
echo "$PRETTY_NAME, $(ldd --version 2>/dev/null | head -n 1)"
! ls /usr/lib/*/libswift* /usr/lib/swift >/dev/null 2>&1
ongrid --version
for command in relay spanmetrics compile-rule traceql correlate relay-queue doctor help completions man version; do
  ongrid help "$command" >/dev/null
done
say help
ongrid completions bash >/dev/null
ongrid man relay | grep -q '^.TH'
say "completions, man"
[ "$(ongrid spanmetrics shop.otlp | jq .spans)" -gt 1000 ]
say spanmetrics
ongrid traceql '{ status = error }' --from shop.otlp --exit-status >/dev/null
ongrid traceql --trace-id 7719cdfbb878c2d651ea345e50690b90 -f waterfall --from shop.otlp | grep -q 'card declined'
ongrid traceql '{ name =~ "POST.*" } | rate() by (resource.service.name)' --from shop.otlp -f plot >/dev/null
ongrid traceql '{ } | quantile_over_time(duration, .95)' --from shop.otlp >/dev/null
say traceql
echo '{"kind":"trace_latency","conditions_json":{"service":"payments-api","threshold_ms":800}}' |
  ongrid compile-rule --format prometheus | grep -q histogram_quantile
say compile-rule
ongrid correlate --service payments-api --at 2026-11-23T07:25:00Z --from incident.jsonl.gz | jq -e '.suspects | length > 0' >/dev/null
say correlate
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
  -keyout key.pem -out cert.pem 2>/dev/null
# One relay with a queue hands over to another through TLS, by HTTP and by gRPC.
ongrid relay --to file:out.otlp --listen-http localhost:14318 --listen-grpc none --listen-admin none \
  --listen-tls-cert cert.pem --listen-tls-key key.pem 2>far.log &
far=$!
ongrid relay --to https://localhost:14318/v1/traces --to grpcs://localhost:14318 --tls-ca cert.pem --queue-dir queue \
  --batch-timeout 50ms 2>near.log &
near=$!
for log in far.log near.log; do
  n=0
  until grep -q 'receiving on' $log; do
    n=$((n + 1))
    [ $n -lt 200 ] || { cat $log; exit 1; }
    sleep 0.05
  done
done
ongrid doctor --relay http://localhost:4318
kill -TERM $near
wait $near
kill -TERM $far
wait $far
ongrid relay-queue queue >/dev/null
[ "$(ongrid traceql '{ .ongrid.doctor != nil }' --from out.otlp -f otlp | grep -o '"spanId"' | wc -l)" -ge 1 ]
say "relay, queue, TLS over HTTP and gRPC, doctor"
# Remote write needs snappy.
timeout 3 ongrid spanmetrics shop.otlp --remote-write http://localhost:1 2>errors.txt || true
grep -q 'refused' errors.txt
say "remote write"
END
unshare --net --mount --pid --fork --kill-child bash -c '
  ip link set lo up
  mount --bind "$0" "$0"
  mount -t proc proc "$0/proc"
  mount --bind /dev "$0/dev"
  env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot "$0" sh /trial/run.sh' "$root"
rm -rf "$root/trial"
echo "passed in $root"
