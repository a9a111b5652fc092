/// Options of every command that talks to a server.
enum ClientOptions {
  static let header = Option.list(
    "header", "'NAME: VALUE'", .text, environment: "ONGRID_HEADERS", secret: true,
    help: "Send this header with every request",
    documentation: """
      May be given several times. A process list shows command lines to every user of the machine, so put a header \
      with a secret into `ONGRID_HEADERS`, one header a line, or use `--bearer-token-file` or `--basic-auth-file`.
      """)

  static let bearerTokenFile = Option.value(
    "bearer-token-file", "FILE", .file, environment: "ONGRID_BEARER_TOKEN_FILE",
    help: "Authenticate with the bearer token in this file",
    documentation: "The file is read again when it changes. White space around the token is ignored.")

  static let basicAuthFile = Option.value(
    "basic-auth-file", "FILE", .file, environment: "ONGRID_BASIC_AUTH_FILE",
    help: "Authenticate with the user:password in this file",
    documentation: "The file is read again when it changes. White space at the end is ignored.")

  static let tenant = Option.value(
    "tenant", "ID", .text, environment: "ONGRID_TENANT", help: "Tenant, sent as X-Scope-OrgID",
    documentation: "Tempo, Loki and Mimir separate tenants by this header.")

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
    help: "Longest time for one request",
    documentation: "From connecting to the last byte of the answer.")

  static let group = OptionGroup(
    "HTTP",
    [
      header, bearerTokenFile, basicAuthFile, tenant, tlsCA, tlsCert, tlsKey, tlsServerName, tlsInsecureSkipVerify,
      timeout,
    ])
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
