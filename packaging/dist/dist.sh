#!/usr/bin/env bash
# Makes what is released, into dist/: a tarball, a .deb, an .rpm, the bill of materials and checksums. Two runs on one commit
# give the same bytes. For Linux, on Debian or Ubuntu; macOS is served by the Homebrew formula.
#
# RPM=no leaves the .rpm out where rpmbuild is not installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=packaging/dist
say() { printf '==> %s\n' "$*" >&2; }
need() { command -v "$1" >/dev/null || { echo "make dist needs $1: $2" >&2; exit 1; }; }

need dpkg-deb "it runs on Debian and Ubuntu"
need objdump "apt-get install binutils"
if [ "${RPM:-yes}" = yes ]; then need rpmbuild "apt-get install rpm, or RPM=no make dist for all but the .rpm"; fi

VERSION=$(sed -n 's/.*static let text = "\(.*\)"/\1/p' Sources/OngridCommands/CommandLine/Version.swift)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
eval "$(Scripts/stamp.sh)"
COMMIT=$ONGRID_COMMIT
ARCH=$(dpkg --print-architecture)
machine=$(uname -m)
SYSROOT=$PWD/.build/sysroot/bullseye-$ARCH
export VERSION COMMIT ARCH SYSROOT SOURCE_DATE_EPOCH ONGRID_COMMIT ONGRID_DATE
export LC_ALL=C TZ=UTC
umask 022

Scripts/packages.sh build
say "Building ongrid $VERSION ($COMMIT) for $machine"
swift build -c release --static-swift-stdlib --product ongrid
"$here/sysroot.sh" "$SYSROOT"

work=.build/dist
rm -rf "$work" dist
mkdir -p "$work" dist
name=ongrid-$VERSION-linux-$machine
root=$work/$name
say "Linking for glibc $(cat $here/FLOOR) and later"
mkdir -p "$root/bin"
"$here/link.sh" "$SYSROOT" "$root/bin/ongrid"
"$here/check.sh" "$root/bin/ongrid"

say "Gathering"
install -d "$root/share/man/man1" "$root/share/doc/ongrid" "$root/lib/systemd/system" \
  "$root/share/bash-completion/completions" "$root/share/zsh/site-functions" "$root/share/fish/vendor_completions.d"
for page in man/*.1; do gzip -n9 <"$page" >"$root/share/man/man1/$(basename "$page").gz"; done
install -m 644 completions/ongrid.bash "$root/share/bash-completion/completions/ongrid"
install -m 644 completions/_ongrid "$root/share/zsh/site-functions/_ongrid"
install -m 644 completions/ongrid.fish "$root/share/fish/vendor_completions.d/ongrid.fish"
install -m 644 packaging/systemd/*.service packaging/systemd/*.socket packaging/systemd/*.timer "$root/lib/systemd/system"
install -m 644 README.md README.zh-CN.md CHANGELOG.md LICENSE packaging/systemd/*.example "$root/share/doc/ongrid"
# What the commit holds: a stack that was tried here has left its secrets in deploy/.
git archive HEAD docs deploy packaging/monitoring | tar -x -C "$root/share/doc/ongrid"
mv "$root/share/doc/ongrid/packaging/monitoring" "$root/share/doc/ongrid/monitoring"
rmdir "$root/share/doc/ongrid/packaging"
"$here/licenses.sh" "$root/share/doc/ongrid/licenses" "dist/$name.cdx.json"
install -m 644 "dist/$name.cdx.json" "$root/share/doc/ongrid/sbom.cdx.json"
find "$root" -type d -exec chmod 755 {} +
find "$root" -type f -exec chmod 644 {} +
chmod 755 "$root/bin/ongrid"
find "$root/share/doc" -name '*.sh' -exec chmod 755 {} +

pack() { # directory, names
  tar -C "$1" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=ustar -cf - "${@:2}"
}
# The tree as a system has it.
tree=$work/tree
mkdir -p "$tree/usr"
cp -a "$root/." "$tree/usr"
find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

# The README unpacks the tarball in /usr/local.
sed -i 's|/usr/bin/ongrid|/usr/local/bin/ongrid|' "$root"/lib/systemd/system/*.service
say "dist/$name.tar.gz"
pack "$work" "$name" | gzip -n9 >"dist/$name.tar.gz"

"$here/deb.sh" "$tree" "dist/ongrid_${VERSION}_$ARCH.deb"
say "dist/ongrid_${VERSION}_$ARCH.deb"
if [ "${RPM:-yes}" = yes ]; then
  "$here/rpm.sh" "$tree" dist
  say "dist/ongrid-$VERSION-1.$machine.rpm"
fi
(cd dist && sha256sum -- * >SHA256SUMS)
cat dist/SHA256SUMS
