#!/usr/bin/env bash
# sysroot.sh DIR: the C library and the C++ runtime of Debian 11, to link against. Signatures are checked; needs mmdebstrap
# or, as root, debootstrap.
set -euo pipefail
root=$1
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
packages=libc6-dev,libgcc-10-dev,libstdc++-10-dev

if [ -e "$root/.complete" ]; then exit 0; fi
rm -rf "$root"
mkdir -p "$(dirname "$root")"
echo "==> Fetching the C library of Debian 11 into $root" >&2
if command -v mmdebstrap >/dev/null; then
  mmdebstrap --quiet --variant=extract --include="$packages" bullseye "$root" "$mirror"
elif command -v debootstrap >/dev/null && [ "$(id -u)" -eq 0 ]; then
  debootstrap --variant=minbase --include="$packages" bullseye "$root" "$mirror" >/dev/null
else
  echo "$0: needs mmdebstrap, or debootstrap and root: apt-get install mmdebstrap" >&2
  exit 1
fi
# Links from / lead into the root.
find "$root" -type l -lname '/*' | while read -r link; do ln -sfn "$root$(readlink "$link")" "$link"; done
touch "$root/.complete"
