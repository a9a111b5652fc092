#!/usr/bin/env bash
# test.sh ROOT: boots ROOT, a root file system of Debian with systemd, libcurl4, curl and jq, in a container with systemd as its
# first process, installs the .deb of dist/, and runs the units as deploy/systemd says: a user that exists only while it runs, a
# token as a credential, restarts, a kill, sockets, the spool. Needs root and systemd-nspawn; ROOT is not changed.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp dist/*.deb "$work/ongrid.deb"
cp deploy/systemd/token.conf Tests/Fixtures/otlp/shop.otlp "$work"
cat >"$work/test.sh" <<'END'
set -eux
exec >/trial/log 2>&1
fail() { echo "FAILED: $*"; journalctl -u 'ongrid*' --no-pager | tail -n 40; exit 1; }
wait_for() { n=0; until "$@"; do n=$((n + 1)); [ $n -lt 200 ] || fail "$*"; sleep 0.1; done; }
dpkg -i /trial/ongrid.deb
! systemctl is-enabled ongrid-relay.service
mkdir -p /etc/ongrid /etc/systemd/system/ongrid-relay.service.d /etc/systemd/system/ongrid-relay-spool.service.d /sink
# Where it sends to demands the token.
echo secret-of-the-fleet >/sink/token
ongrid relay --to file:/sink/out.jsonl --listen-http 127.0.0.1:5318 --listen-grpc none --listen-admin none \
  --listen-token-file /sink/token &
sink=$!
cat >/etc/ongrid/relay.env <<E2
OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:5318
ONGRID_RELAY_OPTIONS=--resource deployment.environment.name=fleet --batch-timeout 50ms
E2
install -m 644 /trial/token.conf /etc/systemd/system/ongrid-relay.service.d/token.conf
install -m 644 /trial/token.conf /etc/systemd/system/ongrid-relay-spool.service.d/token.conf
install -m 600 /sink/token /etc/ongrid/token
chmod 600 /etc/ongrid/relay.env
systemctl daemon-reload
systemctl enable --now ongrid-relay.service || fail start
systemctl show -p User -p DynamicUser ongrid-relay.service
pid=$(systemctl show -p MainPID --value ongrid-relay.service)
[ "$(stat -c %u /proc/$pid)" -ge 61184 ] || fail "it runs as $(stat -c %U /proc/$pid)"
grep CapEff:.0000000000000000 /proc/$pid/status
# The token itself is in nobody's reach but the relay's.
! grep -q secret-of-the-fleet /proc/$pid/environ
sent() { ongrid traceql '{ .ongrid.doctor != nil }' --from /sink/out.jsonl -f otlp 2>/dev/null | grep -oF '"ongrid.doctor"' | wc -l; }
is_sent() { [ "$(sent)" -eq "$1" ]; }
ongrid doctor --relay http://localhost:4318
wait_for is_sent 1
grep -q fleet /sink/out.jsonl
systemctl reload ongrid-relay.service
systemctl restart ongrid-relay.service
ongrid doctor --relay http://localhost:4318
wait_for is_sent 2
# Killed while its destination is away: nothing that was acknowledged is lost.
kill $sink; wait $sink || true
ongrid doctor --relay http://localhost:4318 -f json >/dev/null
kill -KILL "$(systemctl show -p MainPID --value ongrid-relay.service)"
ongrid relay --to file:/sink/out.jsonl --listen-http 127.0.0.1:5318 --listen-grpc none --listen-admin none \
  --listen-token-file /sink/token &
sink=$!
wait_for systemctl is-active -q ongrid-relay.service
wait_for is_sent 3
# Sockets that stay open while the relay is away.
systemctl stop ongrid-relay.service
systemctl enable --now ongrid-relay.socket || fail socket
ongrid doctor --relay http://localhost:4318
systemctl is-active -q ongrid-relay.service || fail "the socket did not start it"
wait_for is_sent 4
# The spool.
mkdir -p /var/spool/ongrid
cp /trial/shop.otlp /var/spool/ongrid/
systemctl start ongrid-relay-spool.service || fail spool
[ -z "$(ls /var/spool/ongrid)" ] || fail "the spool is not empty"
systemctl enable --now ongrid-relay-spool.timer
systemctl list-timers --no-pager | grep ongrid
before=$(ongrid traceql --info /sink/out.jsonl | head -n 5)
echo "$before"
ls -ld /var/lib/private/ongrid-relay
ongrid relay-queue /var/lib/private/ongrid-relay/queue
systemctl disable --now ongrid-relay.service ongrid-relay.socket ongrid-relay-spool.timer
kill $sink
touch /trial/passed
END
cat >"$work/ongrid-test.service" <<'END'
[Unit]
Description=The units of ongrid, tried
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /trial/test.sh
ExecStopPost=/bin/systemctl poweroff --no-block
[Install]
WantedBy=multi-user.target
END
mkdir "$work/wants"
ln -s /etc/systemd/system/ongrid-test.service "$work/wants/ongrid-test.service"
timeout 120 systemd-nspawn --quiet -D "$root" --volatile=overlay --boot --register=no --keep-unit --private-network --console=pipe \
  --bind="$work:/trial" --bind-ro="$work/ongrid-test.service:/etc/systemd/system/ongrid-test.service" \
  --bind="$work/wants:/etc/systemd/system/multi-user.target.wants" </dev/null >"$work/console" 2>&1 || true
if [ ! -e "$work/passed" ]; then
  tail -n 60 "$work/log" >&2 || tail -n 60 "$work/console" >&2
  exit 1
fi
grep -E '^(User|DynamicUser|ongrid)|^[0-9]+ ok' "$work/log" || true
echo "passed, with $(sed -n 's/^PRETTY_NAME=//p' "$root/etc/os-release") and $(chroot "$root" systemctl --version | head -1)"
