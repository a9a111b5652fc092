#!/usr/bin/env bash
# check.sh BINARY: refuses a binary that asks for a newer C library than FLOOR, or for a library that not every system has.
set -euo pipefail
floor=$(cat "$(dirname "$0")/FLOOR")
binary=$1
status=0

newer=$(objdump -T "$binary" | sed -n 's/.*[( ]GLIBC_\([0-9.]*\)[) ] *\(.*\)/\1 \2/p' | sort -uV |
  awk -v floor="$floor" '{ split($1, a, "."); split(floor, b, "."); if (a[1] > b[1] || (a[1] == b[1] && a[2] > b[2])) print }')
if [ -n "$newer" ]; then
  printf '%s: newer than glibc %s:\n%s\n' "$binary" "$floor" "$newer" >&2
  status=1
fi
while read -r name; do
  case $name in
    libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | ld-linux-*.so.*) ;;
    *)
      echo "$binary: needs $name" >&2
      status=1
      ;;
  esac
done < <(readelf -d "$binary" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
for family in GLIBCXX CXXABI; do
  if objdump -T "$binary" | grep -q "UND.*$family"; then
    echo "$binary: asks for the system's C++ runtime ($family)" >&2
    status=1
  fi
done
exit $status
