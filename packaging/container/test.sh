#!/usr/bin/env bash
# Builds the Containerfile with buildah on a root file system of our own making, starts what it holds as a user without rights
# on a read-only root, asks for its health, sends it a span, and stops it. Needs root, buildah, mmdebstrap, and dist/.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
storage=(--root "$work/storage" --runroot "$work/run" --storage-driver vfs)
cleanup() {
  buildah "${storage[@]}" umount --all >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT
say() { printf '==> %s\n' "$*"; }

say "A root file system"
mmdebstrap --quiet --variant=minbase --include=ca-certificates,libcurl4,libssl3,libsnappy1v5 bookworm "$work/root.tar" \
  "${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
base=$(buildah "${storage[@]}" from scratch)
buildah "${storage[@]}" add -q "$base" "$work/root.tar" / >/dev/null
buildah "${storage[@]}" commit -q "$base" localhost/ongrid-base >/dev/null
say "The image"
buildah "${storage[@]}" bud -q --isolation chroot --format docker --build-arg BASE=localhost/ongrid-base --build-arg INSTALL=no \
  -f packaging/container/Containerfile -t ongrid:test . >/dev/null
buildah "${storage[@]}" inspect --type image ongrid:test |
  jq -r '.Docker.config | "user \(.User), entrypoint \(.Entrypoint | join(" ")), health check \(.Healthcheck.Test | join(" "))"'
container=$(buildah "${storage[@]}" from --pull-never ongrid:test)
root=$(buildah "${storage[@]}" mount "$container")

say "Running, without rights, on a read-only root"
export root work
unshare --net --mount --pid --fork --kill-child bash -euo pipefail -c '
  ip link set lo up
  mount --bind "$root" "$root"
  mkdir -p "$root/proc" "$root/dev"
  mount -t proc proc "$root/proc"
  mount --bind /dev "$root/dev"
  mount -t tmpfs -o uid=65532,gid=65532 queue "$root/var/lib/ongrid"
  mount -o remount,bind,ro "$root"
  inside="env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot --userspec=65532:65532 $root"
  $inside /usr/bin/ongrid relay --to file:/var/lib/ongrid/out.jsonl --queue-dir /var/lib/ongrid/queue 2>"$work/log" &
  relay=$!
  for _ in $(seq 100); do grep -q "receiving on" "$work/log" && break; sleep 0.1; done
  curl -sSf --noproxy "*" http://localhost:8888/readyz
  $inside touch /usr/bin/x 2>/dev/null && { echo "the root can be written" >&2; exit 1; }
  $inside /usr/bin/ongrid doctor --relay http://localhost:4318 --relay-admin http://localhost:8888
  kill -TERM $relay
  wait $relay
  tail -n 1 "$work/log"
  grep -c ongrid-doctor "$root/var/lib/ongrid/out.jsonl"
'
say "passed"
