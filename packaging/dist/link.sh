#!/usr/bin/env bash
# link.sh SYSROOT OUTPUT, COMMIT in the environment: links the objects of the release build against the C library in SYSROOT, with everything else
# inside but what is loaded at first use. The result runs on every system with the C library of FLOOR or a later one.
set -euo pipefail
cd "$(dirname "$0")/../.."
sysroot=$1 output=$2

triple=$(uname -m)-linux-gnu
objects=$(swift build -c release --static-swift-stdlib --show-bin-path)/ongrid.product/Objects.LinkFileList
toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")
swift=$toolchain/lib/swift_static/linux
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

libraries=()
for name in nghttp2 deflate z zstd sqlite3 pcre2-8 yaml; do
  archive=/usr/lib/$triple/lib$name.a
  [ -e "$archive" ] || { echo "$0: there is no $archive; 'make packages' installs it" >&2; exit 1; }
  libraries+=("$archive")
done

"$toolchain/bin/clang" -O2 -Wall -c packaging/dist/compat.c -o "$work/compat.o"
wrapped=(exp exp2 log log2 pow)
"$toolchain/bin/clang" --target="$(uname -m)-unknown-linux-gnu" --sysroot="$sysroot" -fuse-ld=lld -pie -o "$output" \
  "@$objects" "$work/compat.o" "$swift/$(uname -m)/swiftrt.o" -L"$swift" \
  -lswift_Concurrency -lswift_StringProcessing -lswift_RegexParser -lswiftSynchronization -lswift_Builtin_float \
  -lswiftGlibc -lswiftCore -ldispatch -lBlocksRuntime \
  "${libraries[@]}" "$(echo "$sysroot"/usr/lib/gcc/"$triple"/10/libstdc++.a)" -static-libgcc -lm -ldl -lpthread \
  "${wrapped[@]/#/-Wl,--wrap=}" -Wl,--defsym,main=ongrid_main \
  -Wl,--gc-sections -Wl,--icf=safe -Wl,-z,relro -Wl,-z,now -Wl,--as-needed -Wl,-s \
  "-Wl,--build-id=0x$(printf '%s' "$COMMIT" | sha1sum | cut -c 1-40)"
# Hashes of modules, by which incremental builds tell a change, hold the directory of the build.
hashes=$(readelf -SW "$output" |
  sed -n 's/.* \.swift_modhash *PROGBITS *[0-9a-f]* \([0-9a-f]*\) \([0-9a-f]*\) .*/\1 \2/p')
if [ -n "$hashes" ]; then
  read -r offset size <<<"$hashes"
  dd if=/dev/zero of="$output" bs=1 seek=$((16#$offset)) count=$((16#$size)) conv=notrunc status=none
fi
