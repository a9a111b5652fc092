#!/usr/bin/env bash
# rpm.sh TREE DIRECTORY: an RPM package of what stands in TREE.
set -euo pipefail
tree=$(readlink -f "$1") directory=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/ongrid.spec" <<END
Name: ongrid
Version: $VERSION
Release: 1
Summary: Relay, metrics, alert rules, queries and evidence for distributed traces
License: Apache-2.0
AutoReqProv: no
Requires: glibc >= $(cat "$(dirname "$0")/FLOOR")
Recommends: libcurl.so.4()(64bit)
Recommends: ca-certificates

%description
ongrid moves OpenTelemetry traces, turns them into metrics, compiles alert rules on those metrics to PromQL, asks for traces
in TraceQL, and gathers metrics, logs and traces around an incident.

%install
cp -a $tree/. %{buildroot}

%post
if [ -d /run/systemd/system ]; then systemctl daemon-reload || :; fi

%preun
if [ \$1 -eq 0 ] && [ -d /run/systemd/system ]; then
  systemctl stop ongrid-relay.service ongrid-relay.socket ongrid-relay-admin.socket ongrid-relay-spool.timer || :
fi

%postun
if [ -d /run/systemd/system ]; then systemctl daemon-reload || :; fi

%files
%defattr(-,root,root,-)
END
(cd "$tree" && find usr -type f | LC_ALL=C sort | sed 's|.*|"/&"|') >>"$work/ongrid.spec"
# Directories of its own, which go with it.
(cd "$tree" && find usr/share/doc/ongrid -type d | LC_ALL=C sort | sed 's|.*|%dir "/&"|') >>"$work/ongrid.spec"
rpmbuild -bb --quiet --target "$(uname -m)-linux" \
  --define "_topdir $work" --define "_rpmdir $work/out" --define "_dbpath $work/db" --define '_buildhost localhost' \
  --define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
  --define 'debug_package %{nil}' --define '_build_id_links none' --define '__os_install_post %{nil}' \
  --define '_binary_payload w9.gzdio' --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
  "$work/ongrid.spec"
cp "$work"/out/*.rpm "$directory/"
