# bash completion for ongrid. Made by 'ongrid completions bash'.

_ongrid_words() {
  local IFS=$' \t\n' word
  COMPREPLY=()
  for word in $1; do
    if [[ $word == "$cur"* ]]; then COMPREPLY+=("$word"); fi
  done
}

_ongrid_paths() {
  local path
  COMPREPLY=()
  compopt -o filenames 2>/dev/null
  while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen "$1" -- "$cur")
}

_ongrid() {
  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _ongrid_words "relay spanmetrics compile-rule traceql correlate mcp relay-queue doctor help completions man version --help --version"
    return
  fi
  # bash splits --name=value into three words.
  if [[ $cur == "=" ]]; then
    cur=
  elif [[ $previous == "=" ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $command in
    relay)
      case $previous in
        --to | --to-metrics | --to-logs | --resource | --resource-detect | --listen-grpc | --listen-http | --listen-admin | --max-request | --max-connections | --cors-origin | --keep | --drop | --sample | --settle | --sample-memory | --redact | --redact-values | --batch-spans | --batch-bytes | --batch-timeout | --in-flight | --queue-max | --retry-initial | --retry-max | --retry-for | --drain-timeout | --since | --start | --end | --header | --tenant | --tls-server-name | --timeout) :; return ;;
        --compression) _ongrid_words "none gzip zstd"; return ;;
        --tee | --listen-tls-cert | --listen-tls-key | --listen-tls-client-ca | --listen-token-file | --redact-key-file | --config | --otelcol-path | --bearer-token-file | --basic-auth-file | --tls-ca | --tls-cert | --tls-key | -o | --output) _ongrid_paths -f; return ;;
        --metric-names) _ongrid_words "ongrid otelcol"; return ;;
        --engine) _ongrid_words "native otelcol"; return ;;
        --ack) _ongrid_words "accepted stored delivered"; return ;;
        --queue-dir) _ongrid_paths -d; return ;;
        --input-format) _ongrid_words "auto otlp-json otlp-proto tempo-json jaeger-json zipkin-json"; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--to --to-metrics --to-logs --compression --resource --resource-detect --tee --listen-grpc --listen-http --listen-admin --metric-names --listen-tls-cert --listen-tls-key --listen-tls-client-ca --listen-token-file --max-request --max-connections --cors-origin --keep --drop --sample --settle --sample-memory --redact --redact-values --redact-key-file --config --check-config --dry-run-policy --once --delete --engine --otelcol-path --print-config --batch-spans --batch-bytes --batch-timeout --in-flight --ack --queue-dir --queue-max --retry-initial --retry-max --retry-for --drain-timeout --input-format --skip-bad --since --start --end --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --share-credentials --output --quiet --log-level --log-format --color --help --no-check-config --no-dry-run-policy --no-once --no-delete --no-print-config --no-skip-bad --no-netrc --no-tls-insecure-skip-verify --no-quiet" ;;
        -*) _ongrid_words "--to --to-metrics --to-logs --compression --resource --resource-detect --tee --listen-grpc --listen-http --listen-admin --metric-names --listen-tls-cert --listen-tls-key --listen-tls-client-ca --listen-token-file --max-request --max-connections --cors-origin --keep --drop --sample --settle --sample-memory --redact --redact-values --redact-key-file --config --check-config --dry-run-policy --once --delete --engine --otelcol-path --print-config --batch-spans --batch-bytes --batch-timeout --in-flight --ack --queue-dir --queue-max --retry-initial --retry-max --retry-for --drain-timeout --input-format --skip-bad --since --start --end --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --share-credentials --output --quiet --log-level --log-format --color --help" ;;
        *) _ongrid_paths -f ;;
      esac
      ;;
    spanmetrics)
      case $previous in
        --generator | --namespace | -d | --dimension | --dimension-default | --dimension-map | --dimension-separator | --exclude-dimension | --service-label | --buckets | --native-factor | --native-max-buckets | --size-buckets | --event-dimension | --span-multiplier | --filter | --target-info-exclude | --host-identifier | --exemplar-label | --max-series | --max-label-values | --max-label-length | --service-graph-buckets | --service-graph-dimension | --service-graph-peer-attribute | --service-graph-database-attribute | --service-graph-filter | --service-graph-wait | --service-graph-max-waiting | --remote-write | --to-otlp | --label | --threads | --interval | --stale-after | --listen | --max-age | --buffer | --since | --start | --end | --header | --tenant | --tls-server-name | --timeout) :; return ;;
        --histograms) _ongrid_words "classic native both"; return ;;
        --size) _ongrid_words "off histogram total"; return ;;
        -f | --format) _ongrid_words "json prometheus openmetrics otlp otlp-protobuf"; return ;;
        --temporality) _ongrid_words "cumulative delta"; return ;;
        --state | --bearer-token-file | --basic-auth-file | --tls-ca | --tls-cert | --tls-key | -o | --output) _ongrid_paths -f; return ;;
        --input-format) _ongrid_words "auto otlp-json otlp-proto tempo-json jaeger-json zipkin-json"; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--generator --namespace --dimension --dimension-default --dimension-map --dimension-separator --exclude-dimension --service-label --status-message --cluster-span-names --calls --latency --buckets --histograms --native-factor --native-max-buckets --size --size-buckets --event-dimension --span-multiplier --span-multiplier-tracestate --filter --target-info --target-info-exclude --instance-label --host-info --host-identifier --exemplars --exemplar-label --max-series --max-label-values --max-label-length --service-graph --service-graph-buckets --service-graph-dimension --service-graph-client-server-prefix --service-graph-virtual-node-label --service-graph-peer-attribute --service-graph-database-attribute --service-graph-messaging --service-graph-connection-info --service-graph-requests --service-graph-latency --service-graph-filter --service-graph-wait --service-graph-max-waiting --format --remote-write --to-otlp --temporality --stale-markers --at-span-time --label --threads --follow --interval --stale-after --listen --state --from-end --max-age --buffer --input-format --skip-bad --since --start --end --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help --no-status-message --no-cluster-span-names --no-calls --no-latency --no-span-multiplier-tracestate --no-target-info --no-instance-label --no-host-info --no-exemplars --no-service-graph --no-service-graph-client-server-prefix --no-service-graph-virtual-node-label --no-service-graph-messaging --no-service-graph-connection-info --no-service-graph-requests --no-service-graph-latency --no-stale-markers --no-at-span-time --no-follow --no-from-end --no-skip-bad --no-netrc --no-tls-insecure-skip-verify --no-quiet" ;;
        -*) _ongrid_words "--generator --namespace --dimension --dimension-default --dimension-map --dimension-separator --exclude-dimension --service-label --status-message --cluster-span-names --calls --latency --buckets --histograms --native-factor --native-max-buckets --size --size-buckets --event-dimension --span-multiplier --span-multiplier-tracestate --filter --target-info --target-info-exclude --instance-label --host-info --host-identifier --exemplars --exemplar-label --max-series --max-label-values --max-label-length --service-graph --service-graph-buckets --service-graph-dimension --service-graph-client-server-prefix --service-graph-virtual-node-label --service-graph-peer-attribute --service-graph-database-attribute --service-graph-messaging --service-graph-connection-info --service-graph-requests --service-graph-latency --service-graph-filter --service-graph-wait --service-graph-max-waiting --format --remote-write --to-otlp --temporality --stale-markers --at-span-time --label --threads --follow --interval --stale-after --listen --state --from-end --max-age --buffer --input-format --skip-bad --since --start --end --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help" ;;
        *) _ongrid_paths -f ;;
      esac
      ;;
    compile-rule)
      case $previous in
        --generator | --service-label | --buckets | --interval | --group-size | --prometheus | --tempo | --backtest | --max-firings | --try | --record | --step | --end | --severities | --require-label | --require-annotation | --ignore | --since-commit | --header | --tenant | --tls-server-name | --timeout) :; return ;;
        -f | --format) _ongrid_words "promql json prometheus prometheusrule"; return ;;
        --diagnostics) _ongrid_words "text json github sarif"; return ;;
        --against | --config | --baseline | --bearer-token-file | --basic-auth-file | --tls-ca | --tls-cert | --tls-key | -o | --output) _ongrid_paths -f; return ;;
        --input-format) _ongrid_words "auto otlp-json otlp-proto tempo-json jaeger-json zipkin-json"; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--generator --service-label --buckets --interval --strict --format --group-size --pretty --check --diagnostics --prometheus --tempo --verify --eval --backtest --against --max-firings --try --record --step --end --config --severities --require-label --require-annotation --ignore --baseline --write-baseline --since-commit --fix --input-format --skip-bad --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help --no-strict --no-pretty --no-check --no-verify --no-eval --no-skip-bad --no-netrc --no-tls-insecure-skip-verify --no-quiet" ;;
        -*) _ongrid_words "--generator --service-label --buckets --interval --strict --format --group-size --pretty --check --diagnostics --prometheus --tempo --verify --eval --backtest --against --max-firings --try --record --step --end --config --severities --require-label --require-annotation --ignore --baseline --write-baseline --since-commit --fix --input-format --skip-bad --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help" ;;
        *) _ongrid_paths -f ;;
      esac
      ;;
    traceql)
      case $previous in
        --tempo | --jaeger | --zipkin | --since | --start | --end | -n | --limit | --spans-per-set | --step | --service | --operation | --min-duration | --max-duration | --device-id | --trace-id | --tag-values | --fail-on | --width | --fold-below | --max-depth | --settle | --max-memory | --threads | --header | --tenant | --tls-server-name | --timeout) :; return ;;
        --from | --bearer-token-file | --basic-auth-file | --tls-ca | --tls-cert | --tls-key | -o | --output) _ongrid_paths -f; return ;;
        -f | --format) _ongrid_words "json table otlp plot waterfall html tree mermaid perfetto folded markdown"; return ;;
        --only) _ongrid_words "errors critical"; return ;;
        --input-format) _ongrid_words "auto otlp-json otlp-proto tempo-json jaeger-json zipkin-json"; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--tempo --jaeger --zipkin --from --since --start --end --limit --spans-per-set --step --instant --all --check --raw --service --operation --min-duration --max-duration --device-id --trace-id --tags --tag-values --info --diff --fail-on --format --exit-status --fail-if-found --width --utc --details --fold-below --max-depth --only --follow --settle --max-memory --threads --input-format --skip-bad --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help --no-skip-bad --no-netrc --no-tls-insecure-skip-verify --no-quiet" ;;
        -*) _ongrid_words "--tempo --jaeger --zipkin --from --since --start --end --limit --spans-per-set --step --instant --all --check --raw --service --operation --min-duration --max-duration --device-id --trace-id --tags --tag-values --info --diff --fail-on --format --exit-status --fail-if-found --width --utc --details --fold-below --max-depth --only --follow --settle --max-memory --threads --input-format --skip-bad --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help" ;;
        *) : ;;
      esac
      ;;
    correlate)
      case $previous in
        --service | --operation | --at | --window | --baseline | --since | --start | --end | --prometheus | --loki | --tempo | --jaeger | --zipkin | --log-selector | --service-label | --max-bytes | --grafana | --header | --tenant | --tls-server-name | --timeout | --prometheus-header | --prometheus-tenant | --loki-header | --loki-tenant | --tempo-header | --tempo-tenant | --jaeger-header | --jaeger-tenant | --zipkin-header | --zipkin-tenant) :; return ;;
        --from | --bearer-token-file | --basic-auth-file | --tls-ca | --tls-cert | --tls-key | --prometheus-bearer-token-file | --prometheus-basic-auth-file | --loki-bearer-token-file | --loki-basic-auth-file | --tempo-bearer-token-file | --tempo-basic-auth-file | --jaeger-bearer-token-file | --jaeger-basic-auth-file | --zipkin-bearer-token-file | --zipkin-basic-auth-file | -o | --output) _ongrid_paths -f; return ;;
        -f | --format) _ongrid_words "json markdown html bundle"; return ;;
        --input-format) _ongrid_words "auto otlp-json otlp-proto tempo-json jaeger-json zipkin-json"; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--service --operation --at --window --baseline --since --start --end --prometheus --loki --tempo --jaeger --zipkin --from --log-selector --service-label --max-bytes --format --grafana --schema --input-format --skip-bad --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --prometheus-header --prometheus-bearer-token-file --prometheus-basic-auth-file --prometheus-tenant --loki-header --loki-bearer-token-file --loki-basic-auth-file --loki-tenant --tempo-header --tempo-bearer-token-file --tempo-basic-auth-file --tempo-tenant --jaeger-header --jaeger-bearer-token-file --jaeger-basic-auth-file --jaeger-tenant --zipkin-header --zipkin-bearer-token-file --zipkin-basic-auth-file --zipkin-tenant --share-credentials --output --quiet --log-level --log-format --color --help --no-skip-bad --no-netrc --no-tls-insecure-skip-verify --no-quiet" ;;
        -*) _ongrid_words "--service --operation --at --window --baseline --since --start --end --prometheus --loki --tempo --jaeger --zipkin --from --log-selector --service-label --max-bytes --format --grafana --schema --input-format --skip-bad --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --prometheus-header --prometheus-bearer-token-file --prometheus-basic-auth-file --prometheus-tenant --loki-header --loki-bearer-token-file --loki-basic-auth-file --loki-tenant --tempo-header --tempo-bearer-token-file --tempo-basic-auth-file --tempo-tenant --jaeger-header --jaeger-bearer-token-file --jaeger-basic-auth-file --jaeger-tenant --zipkin-header --zipkin-bearer-token-file --zipkin-basic-auth-file --zipkin-tenant --share-credentials --output --quiet --log-level --log-format --color --help" ;;
        *) _ongrid_paths -f ;;
      esac
      ;;
    mcp)
      case $previous in
        --tempo | --jaeger | --zipkin | --prometheus | --loki | --log-selector | --service-label | --generator | --max-bytes | --max-memory | --header | --tenant | --tls-server-name | --timeout | --prometheus-header | --prometheus-tenant | --loki-header | --loki-tenant | --tempo-header | --tempo-tenant | --jaeger-header | --jaeger-tenant | --zipkin-header | --zipkin-tenant) :; return ;;
        --from | --bearer-token-file | --basic-auth-file | --tls-ca | --tls-cert | --tls-key | --prometheus-bearer-token-file | --prometheus-basic-auth-file | --loki-bearer-token-file | --loki-basic-auth-file | --tempo-bearer-token-file | --tempo-basic-auth-file | --jaeger-bearer-token-file | --jaeger-basic-auth-file | --zipkin-bearer-token-file | --zipkin-basic-auth-file | -o | --output) _ongrid_paths -f; return ;;
        --input-format) _ongrid_words "auto otlp-json otlp-proto tempo-json jaeger-json zipkin-json"; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--tempo --jaeger --zipkin --from --prometheus --loki --log-selector --service-label --generator --max-bytes --max-memory --input-format --skip-bad --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --prometheus-header --prometheus-bearer-token-file --prometheus-basic-auth-file --prometheus-tenant --loki-header --loki-bearer-token-file --loki-basic-auth-file --loki-tenant --tempo-header --tempo-bearer-token-file --tempo-basic-auth-file --tempo-tenant --jaeger-header --jaeger-bearer-token-file --jaeger-basic-auth-file --jaeger-tenant --zipkin-header --zipkin-bearer-token-file --zipkin-basic-auth-file --zipkin-tenant --share-credentials --output --quiet --log-level --log-format --color --help --no-skip-bad --no-netrc --no-tls-insecure-skip-verify --no-quiet" ;;
        -*) _ongrid_words "--tempo --jaeger --zipkin --from --prometheus --loki --log-selector --service-label --generator --max-bytes --max-memory --input-format --skip-bad --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --prometheus-header --prometheus-bearer-token-file --prometheus-basic-auth-file --prometheus-tenant --loki-header --loki-bearer-token-file --loki-basic-auth-file --loki-tenant --tempo-header --tempo-bearer-token-file --tempo-basic-auth-file --tempo-tenant --jaeger-header --jaeger-bearer-token-file --jaeger-basic-auth-file --jaeger-tenant --zipkin-header --zipkin-bearer-token-file --zipkin-basic-auth-file --zipkin-tenant --share-credentials --output --quiet --log-level --log-format --color --help" ;;
        *) : ;;
      esac
      ;;
    relay-queue)
      case $previous in
        --destination) :; return ;;
        -f | --format | --log-format) _ongrid_words "text json"; return ;;
        -o | --output) _ongrid_paths -f; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--destination --dead-letters --format --output --quiet --log-level --log-format --color --help --no-dead-letters --no-quiet" ;;
        -*) _ongrid_words "--destination --dead-letters --format --output --quiet --log-level --log-format --color --help" ;;
        *) _ongrid_paths -d ;;
      esac
      ;;
    doctor)
      case $previous in
        --relay | --relay-admin | --tempo | --prometheus | --loki | --wait | --header | --tenant | --tls-server-name | --timeout | --relay-header | --relay-tenant | --prometheus-header | --prometheus-tenant | --loki-header | --loki-tenant | --tempo-header | --tempo-tenant | --jaeger-header | --jaeger-tenant | --zipkin-header | --zipkin-tenant) :; return ;;
        -f | --format | --log-format) _ongrid_words "text json"; return ;;
        --bearer-token-file | --basic-auth-file | --tls-ca | --tls-cert | --tls-key | --relay-bearer-token-file | --relay-basic-auth-file | --prometheus-bearer-token-file | --prometheus-basic-auth-file | --loki-bearer-token-file | --loki-basic-auth-file | --tempo-bearer-token-file | --tempo-basic-auth-file | --jaeger-bearer-token-file | --jaeger-basic-auth-file | --zipkin-bearer-token-file | --zipkin-basic-auth-file | -o | --output) _ongrid_paths -f; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--relay --relay-admin --tempo --prometheus --loki --send --wait --format --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --relay-header --relay-bearer-token-file --relay-basic-auth-file --relay-tenant --prometheus-header --prometheus-bearer-token-file --prometheus-basic-auth-file --prometheus-tenant --loki-header --loki-bearer-token-file --loki-basic-auth-file --loki-tenant --tempo-header --tempo-bearer-token-file --tempo-basic-auth-file --tempo-tenant --jaeger-header --jaeger-bearer-token-file --jaeger-basic-auth-file --jaeger-tenant --zipkin-header --zipkin-bearer-token-file --zipkin-basic-auth-file --zipkin-tenant --share-credentials --output --quiet --log-level --log-format --color --help --no-send --no-netrc --no-tls-insecure-skip-verify --no-quiet" ;;
        -*) _ongrid_words "--relay --relay-admin --tempo --prometheus --loki --send --wait --format --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --relay-header --relay-bearer-token-file --relay-basic-auth-file --relay-tenant --prometheus-header --prometheus-bearer-token-file --prometheus-basic-auth-file --prometheus-tenant --loki-header --loki-bearer-token-file --loki-basic-auth-file --loki-tenant --tempo-header --tempo-bearer-token-file --tempo-basic-auth-file --tempo-tenant --jaeger-header --jaeger-bearer-token-file --jaeger-basic-auth-file --jaeger-tenant --zipkin-header --zipkin-bearer-token-file --zipkin-basic-auth-file --zipkin-tenant --share-credentials --output --quiet --log-level --log-format --color --help" ;;
        *) : ;;
      esac
      ;;
    help)
      case $previous in
        -o | --output) _ongrid_paths -f; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--output --quiet --log-level --log-format --color --help --no-quiet" ;;
        -*) _ongrid_words "--output --quiet --log-level --log-format --color --help" ;;
        *) _ongrid_words "relay spanmetrics compile-rule traceql correlate mcp relay-queue doctor help completions man version" ;;
      esac
      ;;
    completions)
      case $previous in
        -o | --output) _ongrid_paths -f; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--output --quiet --log-level --log-format --color --help --no-quiet" ;;
        -*) _ongrid_words "--output --quiet --log-level --log-format --color --help" ;;
        *) _ongrid_words "bash zsh fish" ;;
      esac
      ;;
    man)
      case $previous in
        -o | --output) _ongrid_paths -f; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--output --quiet --log-level --log-format --color --help --no-quiet" ;;
        -*) _ongrid_words "--output --quiet --log-level --log-format --color --help" ;;
        *) _ongrid_words "relay spanmetrics compile-rule traceql correlate mcp relay-queue doctor help completions man version" ;;
      esac
      ;;
    version)
      case $previous in
        -o | --output) _ongrid_paths -f; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--output --quiet --log-level --log-format --color --help --no-quiet" ;;
        -*) _ongrid_words "--output --quiet --log-level --log-format --color --help" ;;
        *) : ;;
      esac
      ;;
  esac
}

complete -F _ongrid ongrid
