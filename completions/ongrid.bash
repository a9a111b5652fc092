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
    _ongrid_words "relay spanmetrics compile-rule traceql correlate relay-queue help completions man --help --version"
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
        --to | --to-metrics | --to-logs | --resource | --resource-detect | --listen-grpc | --listen-http | --listen-admin | --max-request | --max-connections | --cors-origin | --batch-spans | --batch-bytes | --batch-timeout | --in-flight | --queue-max | --retry-initial | --retry-max | --retry-for | --drain-timeout | --since | --start | --end | --header | --tenant | --tls-server-name | --timeout) :; return ;;
        --compression) _ongrid_words "none gzip zstd"; return ;;
        --tee | --listen-tls-cert | --listen-tls-key | --listen-tls-client-ca | --listen-token-file | --config | --otelcol-path | --bearer-token-file | --basic-auth-file | --tls-ca | --tls-cert | --tls-key | -o | --output) _ongrid_paths -f; return ;;
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
        --no*) _ongrid_words "--to --to-metrics --to-logs --compression --resource --resource-detect --tee --listen-grpc --listen-http --listen-admin --metric-names --listen-tls-cert --listen-tls-key --listen-tls-client-ca --listen-token-file --max-request --max-connections --cors-origin --config --check-config --once --delete --engine --otelcol-path --print-config --batch-spans --batch-bytes --batch-timeout --in-flight --ack --queue-dir --queue-max --retry-initial --retry-max --retry-for --drain-timeout --input-format --skip-bad --since --start --end --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help --no-check-config --no-once --no-delete --no-print-config --no-skip-bad --no-netrc --no-tls-insecure-skip-verify --no-quiet" ;;
        -*) _ongrid_words "--to --to-metrics --to-logs --compression --resource --resource-detect --tee --listen-grpc --listen-http --listen-admin --metric-names --listen-tls-cert --listen-tls-key --listen-tls-client-ca --listen-token-file --max-request --max-connections --cors-origin --config --check-config --once --delete --engine --otelcol-path --print-config --batch-spans --batch-bytes --batch-timeout --in-flight --ack --queue-dir --queue-max --retry-initial --retry-max --retry-for --drain-timeout --input-format --skip-bad --since --start --end --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help" ;;
        *) _ongrid_paths -f ;;
      esac
      ;;
    spanmetrics)
      case $previous in
        --generator | -d | --dimension | --dimension-map | --dimension-separator | --service-label | --buckets | --native-factor | --native-max-buckets | --size-buckets | --span-multiplier | --filter | --target-info-exclude | --exemplar-label | --max-series | --service-graph-buckets | --service-graph-dimension | --service-graph-peer-attribute | --service-graph-database-attribute | --service-graph-wait | --service-graph-max-waiting | --remote-write | --label | --threads | --interval | --stale-after | --listen | --max-age | --buffer | --since | --start | --end | --header | --tenant | --tls-server-name | --timeout) :; return ;;
        --histograms) _ongrid_words "classic native both"; return ;;
        --size) _ongrid_words "off histogram total"; return ;;
        -f | --format) _ongrid_words "json prometheus openmetrics"; return ;;
        --state | --bearer-token-file | --basic-auth-file | --tls-ca | --tls-cert | --tls-key | -o | --output) _ongrid_paths -f; return ;;
        --input-format) _ongrid_words "auto otlp-json otlp-proto tempo-json jaeger-json zipkin-json"; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--generator --dimension --dimension-map --dimension-separator --service-label --status-message --buckets --histograms --native-factor --native-max-buckets --size --size-buckets --span-multiplier --span-multiplier-tracestate --filter --target-info --target-info-exclude --instance-label --exemplars --exemplar-label --max-series --service-graph --service-graph-buckets --service-graph-dimension --service-graph-client-server-prefix --service-graph-virtual-node-label --service-graph-peer-attribute --service-graph-database-attribute --service-graph-messaging --service-graph-connection-info --service-graph-wait --service-graph-max-waiting --format --remote-write --stale-markers --at-span-time --label --threads --follow --interval --stale-after --listen --state --from-end --max-age --buffer --input-format --skip-bad --since --start --end --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help --no-status-message --no-span-multiplier-tracestate --no-target-info --no-instance-label --no-exemplars --no-service-graph --no-service-graph-client-server-prefix --no-service-graph-virtual-node-label --no-service-graph-messaging --no-service-graph-connection-info --no-stale-markers --no-at-span-time --no-follow --no-from-end --no-skip-bad --no-netrc --no-tls-insecure-skip-verify --no-quiet" ;;
        -*) _ongrid_words "--generator --dimension --dimension-map --dimension-separator --service-label --status-message --buckets --histograms --native-factor --native-max-buckets --size --size-buckets --span-multiplier --span-multiplier-tracestate --filter --target-info --target-info-exclude --instance-label --exemplars --exemplar-label --max-series --service-graph --service-graph-buckets --service-graph-dimension --service-graph-client-server-prefix --service-graph-virtual-node-label --service-graph-peer-attribute --service-graph-database-attribute --service-graph-messaging --service-graph-connection-info --service-graph-wait --service-graph-max-waiting --format --remote-write --stale-markers --at-span-time --label --threads --follow --interval --stale-after --listen --state --from-end --max-age --buffer --input-format --skip-bad --since --start --end --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help" ;;
        *) _ongrid_paths -f ;;
      esac
      ;;
    compile-rule)
      case $previous in
        --generator | --service-label | --buckets | --interval | --prometheus | --backtest | --step | --end | --header | --tenant | --tls-server-name | --timeout) :; return ;;
        -f | --format) _ongrid_words "promql json prometheus"; return ;;
        --diagnostics) _ongrid_words "text json github sarif"; return ;;
        --bearer-token-file | --basic-auth-file | --tls-ca | --tls-cert | --tls-key | -o | --output) _ongrid_paths -f; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--generator --service-label --buckets --interval --strict --format --pretty --check --diagnostics --prometheus --verify --eval --backtest --step --end --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help --no-strict --no-pretty --no-check --no-verify --no-eval --no-netrc --no-tls-insecure-skip-verify --no-quiet" ;;
        -*) _ongrid_words "--generator --service-label --buckets --interval --strict --format --pretty --check --diagnostics --prometheus --verify --eval --backtest --step --end --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help" ;;
        *) _ongrid_paths -f ;;
      esac
      ;;
    traceql)
      case $previous in
        --tempo | --jaeger | --zipkin | --since | --start | --end | -n | --limit | --spans-per-set | --step | --trace-id | --tag-values | --width | --fold-below | --max-depth | --max-memory | --threads | --header | --tenant | --tls-server-name | --timeout) :; return ;;
        --from | --bearer-token-file | --basic-auth-file | --tls-ca | --tls-cert | --tls-key | -o | --output) _ongrid_paths -f; return ;;
        -f | --format) _ongrid_words "json table otlp plot waterfall tree mermaid perfetto folded"; return ;;
        --only) _ongrid_words "errors critical"; return ;;
        --input-format) _ongrid_words "auto otlp-json otlp-proto tempo-json jaeger-json zipkin-json"; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--tempo --jaeger --zipkin --from --since --start --end --limit --spans-per-set --step --instant --all --check --raw --trace-id --tags --tag-values --info --format --exit-status --fail-if-found --width --utc --details --fold-below --max-depth --only --max-memory --threads --input-format --skip-bad --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help --no-skip-bad --no-netrc --no-tls-insecure-skip-verify --no-quiet" ;;
        -*) _ongrid_words "--tempo --jaeger --zipkin --from --since --start --end --limit --spans-per-set --step --instant --all --check --raw --trace-id --tags --tag-values --info --format --exit-status --fail-if-found --width --utc --details --fold-below --max-depth --only --max-memory --threads --input-format --skip-bad --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --output --quiet --log-level --log-format --color --help" ;;
        *) : ;;
      esac
      ;;
    correlate)
      case $previous in
        --service | --operation | --at | --window | --baseline | --since | --start | --end | --prometheus | --loki | --tempo | --log-selector | --service-label | --max-bytes | --header | --tenant | --tls-server-name | --timeout | --prometheus-header | --prometheus-tenant | --loki-header | --loki-tenant | --tempo-header | --tempo-tenant) :; return ;;
        --from | --bearer-token-file | --basic-auth-file | --tls-ca | --tls-cert | --tls-key | --prometheus-bearer-token-file | --prometheus-basic-auth-file | --loki-bearer-token-file | --loki-basic-auth-file | --tempo-bearer-token-file | --tempo-basic-auth-file | -o | --output) _ongrid_paths -f; return ;;
        -f | --format) _ongrid_words "json markdown"; return ;;
        --input-format) _ongrid_words "auto otlp-json otlp-proto tempo-json jaeger-json zipkin-json"; return ;;
        --log-level) _ongrid_words "debug info warn error"; return ;;
        --log-format) _ongrid_words "text json"; return ;;
        --color) _ongrid_words "auto always never"; return ;;
      esac
      case $cur in
        --no*) _ongrid_words "--service --operation --at --window --baseline --since --start --end --prometheus --loki --tempo --from --log-selector --service-label --max-bytes --format --schema --input-format --skip-bad --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --prometheus-header --prometheus-bearer-token-file --prometheus-basic-auth-file --prometheus-tenant --loki-header --loki-bearer-token-file --loki-basic-auth-file --loki-tenant --tempo-header --tempo-bearer-token-file --tempo-basic-auth-file --tempo-tenant --share-credentials --output --quiet --log-level --log-format --color --help --no-skip-bad --no-netrc --no-tls-insecure-skip-verify --no-quiet" ;;
        -*) _ongrid_words "--service --operation --at --window --baseline --since --start --end --prometheus --loki --tempo --from --log-selector --service-label --max-bytes --format --schema --input-format --skip-bad --header --bearer-token-file --basic-auth-file --tenant --netrc --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --timeout --prometheus-header --prometheus-bearer-token-file --prometheus-basic-auth-file --prometheus-tenant --loki-header --loki-bearer-token-file --loki-basic-auth-file --loki-tenant --tempo-header --tempo-bearer-token-file --tempo-basic-auth-file --tempo-tenant --share-credentials --output --quiet --log-level --log-format --color --help" ;;
        *) _ongrid_paths -f ;;
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
        *) _ongrid_words "relay spanmetrics compile-rule traceql correlate relay-queue help completions man" ;;
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
        *) _ongrid_words "relay spanmetrics compile-rule traceql correlate relay-queue help completions man" ;;
      esac
      ;;
  esac
}

complete -F _ongrid ongrid
