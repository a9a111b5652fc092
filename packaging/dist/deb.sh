#!/usr/bin/env bash
# deb.sh TREE OUTPUT: a Debian package of what stands in TREE.
set -euo pipefail
tree=$1 output=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -a "$tree/." "$work"
doc=$work/usr/share/doc/ongrid
mkdir -p "$work/DEBIAN"
cat >"$doc/copyright" <<END
ongrid is under the Apache License 2.0, see LICENSE beside this file; the licences of what is linked into it are in licenses/.
END
chmod 644 "$doc/copyright"
cat >"$work/DEBIAN/control" <<END
Package: ongrid
Version: $VERSION
Architecture: $ARCH
Maintainer: ongrid contributors <ongrid@localhost>
Installed-Size: $(du -ks --apparent-size "$work/usr" | cut -f 1)
Depends: libc6 (>= $(cat "$(dirname "$0")/FLOOR"))
Recommends: libcurl4 | libcurl4t64 | libcurl3-gnutls, ca-certificates
Suggests: libssl3 | libssl3t64 | libssl1.1, libsnappy1v5, liblzma5, libbz2-1.0, jq
Section: net
Priority: optional
Description: relay, metrics, alert rules, queries and evidence for distributed traces
 ongrid moves OpenTelemetry traces, turns them into metrics, compiles alert
 rules on those metrics to PromQL, asks for traces in TraceQL, and gathers
 metrics, logs and traces around an incident.
END
cat >"$work/DEBIAN/postinst" <<'END'
#!/bin/sh
set -e
# Units are installed and not started: see /usr/share/doc/ongrid/README.md.
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
END
cat >"$work/DEBIAN/prerm" <<'END'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl stop ongrid-relay.service ongrid-relay.socket ongrid-relay-admin.socket ongrid-relay-spool.timer || true
fi
END
cat >"$work/DEBIAN/postrm" <<'END'
#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
END
chmod 755 "$work"/DEBIAN/p*
(cd "$work" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$work/DEBIAN/md5sums"
find "$work" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb -Zgzip -z9 --root-owner-group --build "$work" "$output" >/dev/null
