#!/usr/bin/env bash
# Holds every file of deploy/ against its own program, or its schema where the program is not here. What is not installed is
# named and passed over; REQUIRED=1 makes that a failure.
set -uo pipefail
cd "$(dirname "$0")/.."
export S3_ACCESS_KEY=a S3_SECRET_KEY=b
status=0
check() { # what, program, arguments
  local what=$1
  shift
  if ! command -v "$1" >/dev/null; then
    echo "skipped: $what: no $1"
    [ -z "${REQUIRED:-}" ] || status=1
    return
  fi
  local output
  if output=$("$@" 2>&1); then echo "ok: $what"; else
    printf 'FAILED: %s\n%s\n' "$what" "$(tail -n 5 <<<"$output")"
    status=1
  fi
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check "Tempo's configuration" tempo -config.file=compose/tempo.yaml -config.expand-env=true -config.verify=true
check "Loki's configuration" loki -config.file=compose/loki.yaml -config.expand-env=true -verify-config
check "Prometheus' configuration" promtool check config --syntax-only compose/prometheus.yaml
check "Prometheus' rules" promtool check rules compose/prometheus-rules/shop.yaml compose/prometheus-rules/relay.yaml
check "Alertmanager's configuration" amtool check-config compose/alertmanager.yaml
check "the rules' sources" ongrid compile-rule --check --strict compose/rules
check "the rules are what is compiled" bash -c \
  'ongrid compile-rule --format prometheus compose/rules | diff - compose/prometheus-rules/shop.yaml'
check "the relay's rules are those of packaging" diff ../packaging/monitoring/relay-alerts.yaml compose/prometheus-rules/relay.yaml
check "the relay's dashboard is that of packaging" diff ../packaging/monitoring/relay-dashboard.json \
  compose/grafana/dashboards/relay.json

# Names of the network are not known here: the gateway's and its upstreams' become this machine's.
compose/secrets.sh "$work/secrets"
sed -e "s|/etc/nginx/secrets|$work/secrets/gateway|" -e "s|gateway:8443|unix:$work/gateway.sock|; s/tempo:/127.0.0.1:/; s/loki:/127.0.0.1:/" \
  -e "s|/run/nginx.pid|$work/nginx.pid|" compose/nginx.conf >"$work/nginx.conf"
check "nginx's configuration" nginx -t -e "$work/error.log" -c "$work/nginx.conf"
sed -e "s|/etc/ongrid/secrets|$work/secrets/relay|; s|/var/lib/ongrid|$work|; s/relay:/localhost:/" compose/relay.yaml \
  >"$work/relay.yaml"
check "the relay's configuration" ongrid relay --config "$work/relay.yaml" --check-config

check "Compose's file, by its schema" check-jsonschema --builtin-schema vendor.compose-spec compose/compose.yaml
for file in kubernetes/*.yaml; do
  case $file in
    *values*)
      if "${PYTHON:-python3}" -c 'import yaml' 2>/dev/null; then
        check "$file is YAML" "${PYTHON:-python3}" -c 'import sys, yaml; list(yaml.safe_load_all(open(sys.argv[1])))' "$file"
      else
        echo "skipped: $file: no PyYAML"
      fi
      ;;
    *) check "$file" kubernetes-validate --strict -k "${KUBERNETES:-1.33}" "$file" ;;
  esac
done
for file in compose/grafana/dashboards/*.json; do
  check "$file has what a dashboard needs" jq -e '.uid and .title and (.panels | length > 0)
    and ([.panels[] | select(.targets) | .targets[] | has("expr")] | all)' "$file"
done
for script in compose/*.sh test/*.sh; do check "$script" bash -n "$script"; done
exit $status
