/// Options of every command that talks to a server.
enum ClientOptions {
  static let credentials = CredentialOptions()

  static let netrc = Option.flag(
    "netrc", help: "Look up user and password in ~/.netrc",
    documentation: """
      By the host of the URL, where nothing else says who we are; another file can be named with `NETRC` in the environment.
      """)

  static let tlsCA = Option.value(
    "tls-ca", "FILE", .file, environment: "ONGRID_TLS_CA",
    help: "Trust the certificate authorities in this PEM file",
    documentation: "Used instead of the system's certificate authorities.")

  static let tlsCert = Option.value(
    "tls-cert", "FILE", .file, environment: "ONGRID_TLS_CERT", help: "Client certificate, PEM",
    documentation: "For mutual TLS, together with `--tls-key`.")

  static let tlsKey = Option.value(
    "tls-key", "FILE", .file, environment: "ONGRID_TLS_KEY", help: "Private key of the client certificate, PEM")

  static let tlsServerName = Option.value(
    "tls-server-name", "NAME", .text, help: "Name the server's certificate must have",
    documentation: "Also sent as server name indication. Without it, the host of the URL.")

  static let tlsInsecureSkipVerify = Option.flag(
    "tls-insecure-skip-verify", help: "Accept any server certificate",
    documentation: "Anyone on the way can then read and change what is sent. For tests only.")

  static let timeout = Option.value(
    "timeout", "DURATION", .duration(in: .milliseconds(1) ... .nanoseconds(Int64.max)), default: "30s",
    help: "Longest time without progress of one request",
    documentation: """
      Each byte that the server acknowledges or sends starts it anew, so that a slow way may take as long as it moves. \
      Connecting takes ten seconds at most, or this long if that is less.
      """)

  static let group = OptionGroup(
    "HTTP",
    credentials.all + [netrc, tlsCA, tlsCert, tlsKey, tlsServerName, tlsInsecureSkipVerify, timeout])
}

/// Where the backends are.
enum BackendOptions {
  static let tempo = Option.value(
    "tempo", "URL", .url, environment: "ONGRID_TEMPO_URL", help: "Grafana Tempo",
    documentation: "Base URL of its HTTP API, such as `http://localhost:3200`.")

  static let jaeger = Option.value(
    "jaeger", "URL", .url, environment: "ONGRID_JAEGER_URL", help: "Jaeger query service",
    documentation: "Base URL of its HTTP API, such as `http://localhost:16686`.")

  static let zipkin = Option.value(
    "zipkin", "URL", .url, environment: "ONGRID_ZIPKIN_URL", help: "Zipkin",
    documentation: "Base URL of its HTTP API, such as `http://localhost:9411`.")

  static let prometheus = Option.value(
    "prometheus", "URL", .url, environment: "ONGRID_PROMETHEUS_URL", help: "Prometheus, Mimir or Thanos",
    documentation: "Base URL of its HTTP API, such as `http://localhost:9090`.")

  static let loki = Option.value(
    "loki", "URL", .url, environment: "ONGRID_LOKI_URL", help: "Grafana Loki",
    documentation: "Base URL of its HTTP API, such as `http://localhost:3100`.")
}
