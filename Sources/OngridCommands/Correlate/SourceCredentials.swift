import Transport

/// Which credentials go to which source: a source's own, or the shared ones where all that get them are one origin.
enum SourceCredentials {
  static let prometheus = CredentialOptions("prometheus", title: "Prometheus")
  static let loki = CredentialOptions("loki", title: "Loki")
  static let tempo = CredentialOptions("tempo", title: "Tempo")
  static let jaeger = CredentialOptions("jaeger", title: "Jaeger")
  static let zipkin = CredentialOptions("zipkin", title: "Zipkin")

  static let group = OptionGroup(
    "Credentials of each source",
    prometheus.all + loki.all + tempo.all + jaeger.all + zipkin.all + [SharedCredentials.share])

  struct Source {
    let options: CredentialOptions
    let url: HTTPURL
  }

  /// The options of each source's client, in the order of `sources`.
  static func httpOptions(of sources: [Source], _ arguments: Arguments) throws(CommandError) -> [HTTPOptions] {
    try SharedCredentials.check(
      sources.map { source in
        SharedCredentials.Receiver(
          url: source.url,
          hasOwn: { kind in kind.contains { !arguments.texts(source.options.definition(of: $0)).isEmpty } },
          advice: { "--\(source.options.server ?? "")-\($0)" })
      }, kinds: [[.header], [.bearerTokenFile, .basicAuthFile], [.tenant]], arguments)
    var all: [HTTPOptions] = []
    for source in sources {
      var options = try arguments.httpOptions()
      try source.options.apply(to: &options, arguments)
      all.append(options)
    }
    return all
  }
}
