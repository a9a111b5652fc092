#!/usr/bin/env bash
# licenses.sh DIR SBOM: copies the licences of everything that is linked into the binary to DIR, and writes what that is,
# and what is loaded at first use, to SBOM as CycloneDX JSON.
# Reads VERSION, COMMIT, ARCH and SOURCE_DATE_EPOCH from the environment.
set -euo pipefail
cd "$(dirname "$0")/../.."
directory=$1 sbom=$2
mkdir -p "$directory"

toolchain=$(dirname "$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")")
swift_version=$(swiftc --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -1)

# name, Debian package, licence (SPDX)
linked="libnghttp2 libnghttp2-dev MIT
libdeflate libdeflate-dev MIT
zlib zlib1g-dev Zlib
zstd libzstd-dev BSD-3-Clause
SQLite libsqlite3-dev blessing
PCRE2 libpcre2-dev BSD-3-Clause
libyaml libyaml-dev MIT"
# What is opened when it is needed, and stays the system's.
loaded="libcurl curl
OpenSSL Apache-2.0
snappy BSD-3-Clause
libbz2 bzip2-1.0.6
liblzma 0BSD"

components=()
add() { # name version licence purl scope
  components+=("$(printf '    {"type": "library", "bom-ref": "%s", "name": "%s", %s"licenses": [{"expression": "%s"}],%s "scope": "%s"}' \
    "$1" "$1" "${2:+\"version\": \"$2\", }" "$3" "${4:+ \"purl\": \"$4\",}" "$5")")
}

install -m 644 LICENSE "$directory/ongrid.txt"
license=$toolchain/usr/share/swift/LICENSE.txt
[ -e "$license" ] || { echo "$0: there is no $license" >&2; exit 1; }
install -m 644 "$license" "$directory/swift.txt"
add "Swift runtime" "$swift_version" "Apache-2.0 WITH Swift-exception" "pkg:generic/swift@$swift_version" required
while read -r name package spdx; do
  version=$(dpkg-query -W -f '${Version}' "$package")
  install -m 644 "/usr/share/doc/$package/copyright" "$directory/$name.txt"
  add "$name" "$version" "$spdx" "pkg:deb/debian/$package@${version//+/%2B}?arch=$ARCH" required
done <<<"$linked"
install -m 644 "$SYSROOT/usr/share/doc/libstdc++-10-dev/copyright" "$directory/libstdc++.txt" 2>/dev/null ||
  install -m 644 "$SYSROOT/usr/share/doc/gcc-10-base/copyright" "$directory/libstdc++.txt"
add "libstdc++ and libgcc" 10 "GPL-3.0-or-later WITH GCC-exception-3.1" "pkg:generic/gcc@10" required
while read -r name spdx; do add "$name" "" "$spdx" "" optional; done <<<"$loaded"

# The same for every build of a commit.
serial=$(printf 'ongrid %s %s %s' "$VERSION" "$COMMIT" "$ARCH" | sha256sum |
  sed 's/^\(.\{8\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)\(.\{12\}\).*/\1-\2-5\3-8\4-\5/')
{
  printf '{\n  "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,\n'
  printf '  "serialNumber": "urn:uuid:%s",\n' "$serial"
  printf '  "metadata": {\n    "timestamp": "%s",\n' "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)"
  printf '    "component": {"type": "application", "bom-ref": "ongrid", "name": "ongrid", "version": "%s",\n' "$VERSION"
  printf '      "licenses": [{"expression": "Apache-2.0"}],\n'
  printf '      "properties": [{"name": "commit", "value": "%s"}, {"name": "architecture", "value": "%s"}]}\n  },\n' \
    "$COMMIT" "$ARCH"
  printf '  "components": [\n'
  for index in "${!components[@]}"; do
    printf '%s' "${components[$index]}"
    if [ "$index" -lt $((${#components[@]} - 1)) ]; then printf ','; fi
    printf '\n'
  done
  printf '  ]\n}\n'
} >"$sbom"
