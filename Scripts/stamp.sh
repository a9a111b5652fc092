#!/usr/bin/env bash
# Prints what a release build says of itself, as assignments for a shell; nothing outside a git repository.
set -euo pipefail
cd "$(dirname "$0")/.."
commit=$(git rev-parse --short=12 HEAD 2>/dev/null) || exit 0
if [ -n "$(git status --porcelain --untracked-files=no)" ]; then commit+=+changes; fi
echo "ONGRID_COMMIT=$commit ONGRID_DATE=$(TZ=UTC git log -1 --date=format-local:%Y-%m-%d --format=%cd)"
