# For scripts that load a relay, to be sourced in the repository's root: builds the load generator and sink ($BENCH_TOOL, if
# it is not given), makes a directory ($work), and ends what was started when the script ends. $ongrid is the relay's binary.

if [ -z "${BENCH_TOOL:-}" ]; then
  swift build -c release --static-swift-stdlib --product ongrid-relay-bench >&2
  BENCH_TOOL=$(swift build -c release --static-swift-stdlib --show-bin-path)/ongrid-relay-bench
fi
work=$(mktemp -d)
sink=
relay=

stop_all() {
  [ -z "$relay" ] || kill "$relay" 2>/dev/null || true
  [ -z "$sink" ] || kill "$sink" 2>/dev/null || true
  rm -rf "$work"
}
trap stop_all EXIT

# start_sink OPTIONS…: sets $sink, its process, and $port.
start_sink() {
  rm -f "$work/sink"
  "$BENCH_TOOL" sink "$@" >"$work/sink" &
  sink=$!
  until [ -s "$work/sink" ]; do sleep 0.05; done
  port=$(cat "$work/sink")
}

# start_relay OPTIONS…: sets $relay, its process, and $grpc and $http, its ports.
start_relay() {
  rm -f "$work/log"
  "$ongrid" relay --listen-grpc 127.0.0.1:0 --listen-http 127.0.0.1:0 --listen-admin none "$@" 2>"$work/log" &
  relay=$!
  until grep -q receiving "$work/log" 2>/dev/null; do sleep 0.05; done
  set -- $(grep receiving "$work/log" | grep -o '127\.0\.0\.1:[0-9]*' | cut -d: -f2)
  grpc=$1 http=$2
}

stop_relay() {
  kill "$relay"
  wait "$relay" || return $?
  relay=
}
