#!/usr/bin/env bash
# Writes completions/ and man/ from what the given ongrid binary prints.
set -euo pipefail
cd "$(dirname "$0")/.."
ongrid=$1

mkdir -p completions man
"$ongrid" completions bash >completions/ongrid.bash
"$ongrid" completions zsh >completions/_ongrid
"$ongrid" completions fish >completions/ongrid.fish

rm -f man/*.1
"$ongrid" man >man/ongrid.1
for command in $("$ongrid" -h | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
  "$ongrid" man "$command" >"man/ongrid-$command.1"
done
