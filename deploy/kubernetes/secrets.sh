#!/bin/sh
# Makes the token and the gateway's certificate in the cluster, once. Where there is cert-manager, let it make the certificate.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
openssl rand -hex 24 >token
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=ongrid" -keyout ca.key -out ca.crt
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=ongrid-gateway" -keyout tls.key -out tls.csr
printf 'subjectAltName=DNS:ongrid-gateway.tracing.svc,DNS:ongrid-gateway\n' >extensions
openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 -extfile extensions -out tls.crt
kubectl -n tracing create secret generic ongrid-token --from-file=token
kubectl -n tracing create secret tls ongrid-gateway-tls --cert=tls.crt --key=tls.key
kubectl -n tracing create configmap ongrid-ca --from-file=ca.crt
