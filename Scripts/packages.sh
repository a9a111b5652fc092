#!/usr/bin/env bash
# Installs what is missing of the system libraries (build) or of the programs that tests use (test).
# Says what it installs; does nothing when everything is there.
set -euo pipefail

say() { printf '==> %s\n' "$*" >&2; }

case ${1:-} in
  build)
    # curl, OpenSSL, snappy, libbz2 and liblzma are loaded at run time where they are used; building needs the first two's headers.
    apt=(pkg-config libnghttp2-dev libdeflate-dev zlib1g-dev libzstd-dev libsqlite3-dev libpcre2-dev libyaml-dev
      libcurl4-openssl-dev libssl-dev libsnappy1v5 libbz2-1.0 liblzma5 curl ca-certificates)
    brew=(pkgconf libnghttp2 libdeflate zlib zstd sqlite pcre2 libyaml curl openssl@3 snappy xz)
    ;;
  test)
    apt=(prometheus python3-venv zsh fish groff-base jq)
    brew=(prometheus python3 fish groff jq)
    ;;
  *)
    echo "usage: $0 build|test" >&2
    exit 2
    ;;
esac

# Linked statically, the C++ runtime that Swift's own needs does not cost every start a millisecond of symbol look-ups.
# Package.swift looks here first; without the archive the shared library is used.
link_static_cxx() {
  local compiler library
  for compiler in clang gcc cc; do
    library=$("$compiler" -print-file-name=libstdc++.a 2>/dev/null) || continue
    case $library in
      /*)
        mkdir -p "$(dirname "$0")/../.build/link"
        ln -sfn "$library" "$(dirname "$0")/../.build/link/libstdc++.a"
        return
        ;;
    esac
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say "cannot run '$*': not root and no sudo"
    return 1
  fi
}

# A package is there when it is installed under its name or when an installed package provides that name.
has_apt_package() {
  [ "$(dpkg-query -W -f='${Status}' "$1" 2>/dev/null)" = "install ok installed" ] ||
    dpkg-query -W -f='${Status} ${Provides}\n' 2>/dev/null | grep -Eq "^install ok installed .*\b$1\b( |,|$)"
}

if command -v apt-get >/dev/null; then
  missing=()
  for package in "${apt[@]}"; do has_apt_package "$package" || missing+=("$package"); done
  if [ "$1" = build ]; then link_static_cxx; fi
  if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
  say "Installing with apt: ${missing[*]}"
  # Tests start servers of their own; the packages' services (prometheus listens on :9090) stay off. What is needed to build
  # has no services.
  policy=/usr/sbin/policy-rc.d
  if [ "$1" = test ] && [ ! -e $policy ]; then
    trap 'as_root rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
  fi
  install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}")
  if ! as_root "${install[@]}" </dev/null >/dev/null 2>&1; then
    as_root apt-get update -qq </dev/null
    as_root "${install[@]}" </dev/null >/dev/null
  fi
elif command -v brew >/dev/null; then
  missing=()
  for package in "${brew[@]}"; do brew list --versions "$package" >/dev/null 2>&1 || missing+=("$package"); done
  if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
  say "Installing with brew: ${missing[*]}"
  HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet "${missing[@]}" </dev/null
else
  say "Neither apt nor brew is here; going on with what is installed. Needed: ${apt[*]}"
fi
