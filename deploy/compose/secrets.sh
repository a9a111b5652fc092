#!/bin/sh
# secrets.sh [DIR]: makes what only this stack knows, once: a certificate for the gateway, the token that writes, and the keys
# of the object store. Keep DIR out of version control.
set -eu
directory=${1:-$(dirname "$0")/secrets}
if [ -e "$directory/token" ]; then exit 0; fi
umask 077
mkdir -p "$directory/gateway" "$directory/relay"
cd "$directory"

random() { openssl rand -hex 24; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=ongrid stack" \
  -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=gateway" \
  -keyout gateway/gateway.key -out gateway.csr 2>/dev/null
printf 'subjectAltName=DNS:gateway,DNS:localhost\nextendedKeyUsage=serverAuth\n' >gateway.ext
openssl x509 -req -in gateway.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 -extfile gateway.ext \
  -out gateway/gateway.crt 2>/dev/null
rm gateway.csr gateway.ext ca.srl
cp ca.crt relay/ca.crt

token=$(random)
printf '%s\n' "$token" >relay/token
printf '"Bearer %s" 1;\n' "$token" >gateway/tokens.conf
secret=$(random)
cat >s3.env <<END
S3_ACCESS_KEY=stack
S3_SECRET_KEY=$secret
END
cat >s3.json <<END
{"identities": [{"name": "stack", "credentials": [{"accessKey": "stack", "secretKey": "$secret"}],
  "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
END
# Containers run as users of their own: the directory is closed to others, the files in it are not.
chmod 755 gateway relay
chmod 644 gateway/* relay/* s3.json
printf '%s\n' "$token" >token
