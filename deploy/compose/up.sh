#!/bin/sh
# Makes the secrets and starts the stack. Then: ./prove.sh
set -eu
cd "$(dirname "$0")"
./secrets.sh
# Written by a user of the container.
install -d -m 1777 incidents/documents
exec docker compose up --detach --build --wait "$@"
