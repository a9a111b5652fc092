import Transport

/// Which credentials go to which source: a source's own, or the shared ones where all that get them are one origin.
enum SourceCredentials {
  static let prometheus = CredentialOptions("prometheus", title: "Prometheus")
  static let loki = CredentialOptions("loki", title: "Loki")
  static let tempo = CredentialOptions("tempo", title: "Tempo")
  static let jaeger = CredentialOptions("jaeger", title: "Jaeger")
  static let zipkin = CredentialOptions("zipkin", title: "Zipkin")

  static let share = Option.flag(
    "share-credentials", negatable: false, help: "Send the shared credentials to every source",
    documentation: """
      Without it, `--header`, `--bearer-token-file`, `--basic-auth-file` and `--tenant` are refused when the sources that \
      would get them differ in scheme, host or port. Give each source its own instead.
      """)

  static let group = OptionGroup(
    "Credentials of each source", prometheus.all + loki.all + tempo.all + jaeger.all + zipkin.all + [share])

  struct Source {
    let options: CredentialOptions
    let url: HTTPURL
  }

  /// The options of each source's client, in the order of `sources`.
  static func httpOptions(of sources: [Source], _ arguments: Arguments) throws(CommandError) -> [HTTPOptions] {
    if try !arguments[share] {
      for kind in kinds { try check(kind, sources, arguments) }
    }
    var all: [HTTPOptions] = []
    for source in sources {
      var options = try arguments.httpOptions()
      try source.options.apply(to: &options, arguments)
      all.append(options)
    }
    return all
  }

  /// The options of one kind; a source's own of a kind replaces the shared ones of that kind.
  private typealias Kind = @Sendable (CredentialOptions) -> [OptionDefinition]
  private static let kinds: [Kind] = [
    { [$0.header.definition] }, { [$0.bearerTokenFile.definition, $0.basicAuthFile.definition] },
    { [$0.tenant.definition] },
  ]

  /// Refuses shared credentials that would go to several origins.
  private static func check(_ kind: Kind, _ sources: [Source], _ arguments: Arguments) throws(CommandError) {
    guard let shared = kind(ClientOptions.credentials).first(where: { !arguments.texts($0).isEmpty }),
      let name = arguments.texts(shared).first?.source
    else { return }
    let receivers = sources.filter { source in kind(source.options).allSatisfy { arguments.texts($0).isEmpty } }
    guard Set(receivers.map(\.url.canonicalOrigin)).count > 1 else { return }
    let places = receivers.map(\.url.origin).joined(separator: ", ")
    let own = receivers.map { "--\($0.options.server ?? "")-\(shared.name)" }.joined(separator: ", ")
    throw .usage("\(name) would go to several servers (\(places)): give \(own), or --share-credentials")
  }
}
