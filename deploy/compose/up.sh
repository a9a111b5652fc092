#!/bin/sh
# Makes the secrets and starts the stack. Then: ./prove.sh
set -eu
cd "$(dirname "$0")"
./secrets.sh
exec docker compose up --detach --build --wait "$@"
