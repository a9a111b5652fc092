#!/usr/bin/env bash
# test-packages.sh ROOT: installs, runs and removes the packages of dist/ in a root file system of Debian (test-root.sh makes one).
# The .rpm goes into an empty root, whose C library is the machine's own. Needs root, rpm.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
left() { find "$1" \( -name '*ongrid*' -o -path '*/ongrid/*' \) -not -path '*/var/lib/dpkg/*' -not -path '*/trial/*' -not -path '/proc/*' | head; }
run() { # with /proc, where a program finds its arguments
  unshare --mount bash -c 'root=$0; mount --bind "$root" "$root"; mount -t proc proc "$root/proc"
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"' "$root" "$@"
}

rm -rf "$root"/usr/local/bin/ongrid "$root"/usr/local/share/{man,doc,bash-completion,zsh,fish} "$root"/usr/local/lib/systemd
cp dist/*.deb "$root/tmp/"
run dpkg -i /tmp/"$(basename dist/*.deb)" >/dev/null
run ongrid --version
run sh -c 'cd /usr/share/doc/ongrid && ls licenses | wc -l && test -s sbom.cdx.json && test -s README.md'
run dpkg -V ongrid
run dpkg -P ongrid >/dev/null
rm "$root"/tmp/*.deb
[ -z "$(left "$root")" ] || { echo "the .deb leaves: $(left "$root")" >&2; exit 1; }
echo "ok: the .deb installs, runs, verifies, and leaves nothing"

rpm -qp --requires dist/*.rpm | sort -u
mkdir -p "$work/root"
rpm --root "$work/root" --dbpath /var/lib/rpm --initdb
rpm --root "$work/root" --dbpath /var/lib/rpm -i --nodeps --noscripts dist/*.rpm
"$work/root/usr/bin/ongrid" --version
rpm --root "$work/root" --dbpath /var/lib/rpm -V --nodeps ongrid
rpm --root "$work/root" --dbpath /var/lib/rpm -e --noscripts ongrid
[ -z "$(left "$work/root/usr")" ] || { echo "the .rpm leaves: $(left "$work/root/usr")" >&2; exit 1; }
echo "ok: the .rpm installs, runs, verifies, and leaves nothing"
