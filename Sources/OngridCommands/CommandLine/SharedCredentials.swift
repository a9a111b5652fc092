import Transport

/// Keeps credentials that are meant for all servers of a command from going to strangers among them.
enum SharedCredentials {
  static let share = Option.flag(
    "share-credentials", negatable: false, help: "Send the shared credentials to every server",
    documentation: """
      Without it, credentials for all servers are refused when the servers that would get them differ in scheme, host or \
      port. Give each its own instead.
      """)

  /// A server that gets the shared credentials of the kinds that it has not of its own.
  struct Receiver {
    let url: HTTPURL
    /// Whether one of these options is given for this server alone.
    let hasOwn: ([CredentialOptions.Part]) -> Bool
    /// What to give it instead of a shared option of this name.
    let advice: (String) -> String
  }

  /// Refuses credentials of the `kinds` that would go to several origins. Options of one kind replace each other.
  static func check(
    _ receivers: [Receiver], kinds: [[CredentialOptions.Part]], _ arguments: Arguments
  ) throws(CommandError) {
    if try arguments[share] { return }
    for kind in kinds {
      guard
        let (name, option) = kind.lazy.compactMap({ part -> (String, String)? in
          let option = ClientOptions.credentials.definition(of: part)
          return arguments.texts(option).first.map { ($0.source, option.name) }
        }).first
      else { continue }
      let strangers = receivers.filter { !$0.hasOwn(kind) }
      guard Set(strangers.map(\.url.canonicalOrigin)).count > 1 else { continue }
      let places = strangers.map(\.url.origin).joined(separator: ", ")
      var advice: [String] = []
      for word in strangers.map({ $0.advice(option) }) where !advice.contains(word) { advice.append(word) }
      throw .usage(
        "\(name) would go to several servers (\(places)): give \(advice.joined(separator: ", ")), or --share-credentials"
      )
    }
  }
}

extension CredentialOptions {
  enum Part { case header, bearerTokenFile, basicAuthFile, tenant }

  func definition(of part: Part) -> OptionDefinition {
    switch part {
    case .header: header.definition
    case .bearerTokenFile: bearerTokenFile.definition
    case .basicAuthFile: basicAuthFile.definition
    case .tenant: tenant.definition
    }
  }
}
