#!/usr/bin/env bash
# Makes .venv with the packages of Tests/requirements.txt; does nothing when they are there.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv/requirements.txt
if [ -x .venv/bin/python ] && cmp -s Tests/requirements.txt "$stamp" && .venv/bin/python -c '' 2>/dev/null; then
  exit 0
fi
echo "==> Installing into .venv: $(grep -v '^#' Tests/requirements.txt | tr '\n' ' ')" >&2
# The system's own python3 is the one that the python3-venv package belongs to.
python=python3
"$python" -c 'import ensurepip, venv' 2>/dev/null || python=/usr/bin/python3
rm -rf .venv
"$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r Tests/requirements.txt </dev/null
cp Tests/requirements.txt "$stamp"
