/// An option of any type.
protocol CommandOption: Sendable {
  var definition: OptionDefinition { get }

  /// Reads the value and drops it; the error is that of reading it.
  func check(_ arguments: Arguments) throws(CommandError)
}

extension CommandOption {
  var name: String { definition.name }
}

/// One option of a command, defined once, with the type of its value and how it is read: `try arguments[option]` is a `Value`.
struct Option<Value>: CommandOption {
  let definition: OptionDefinition
  let read: @Sendable (Arguments) throws(CommandError) -> Value

  func check(_ arguments: Arguments) throws(CommandError) { _ = try read(arguments) }
}

extension Option {
  /// An option with a value, nil when it is given nowhere.
  static func value<Wrapped>(
    _ name: String, short: Character? = nil, _ valueName: String, _ type: OptionType<Wrapped>,
    environment: String? = nil, secret: Bool = false, help: String, documentation: String = ""
  ) -> Option where Value == Wrapped? {
    let definition = OptionDefinition(
      name: name, short: short, valueName: valueName, kind: type.kind, environment: environment, isSecret: secret,
      help: help, documentation: documentation)
    return Option(definition: definition) { (arguments) throws(CommandError) in
      guard let text = arguments.texts(definition).last else { return nil }
      return try type.value(of: text, definition, now: arguments.now)
    }
  }

  /// An option with a value that has a default, in the words a user would type.
  static func value(
    _ name: String, short: Character? = nil, _ valueName: String, _ type: OptionType<Value>,
    environment: String? = nil, default defaultValue: String, help: String, documentation: String = ""
  ) -> Option {
    let definition = OptionDefinition(
      name: name, short: short, valueName: valueName, kind: type.kind, environment: environment,
      defaultValue: defaultValue, help: help, documentation: documentation)
    return Option(definition: definition) { (arguments) throws(CommandError) in
      guard let text = arguments.texts(definition).last else { throw arguments.missing(definition) }
      return try type.value(of: text, definition, now: arguments.now)
    }
  }

  /// An option that may be given several times, every value counting.
  static func list<Element>(
    _ name: String, short: Character? = nil, _ valueName: String, _ type: OptionType<Element>,
    environment: String? = nil, default defaultValue: String? = nil, secret: Bool = false, help: String,
    documentation: String = ""
  ) -> Option where Value == [Element] {
    let definition = OptionDefinition(
      name: name, short: short, valueName: valueName, kind: type.kind, environment: environment,
      defaultValue: defaultValue, isRepeatable: true, isSecret: secret, help: help, documentation: documentation)
    return Option(definition: definition) { (arguments) throws(CommandError) in
      var values: [Element] = []
      for text in arguments.texts(definition) {
        values.append(try type.value(of: text, definition, now: arguments.now))
      }
      return values
    }
  }

  /// The same where each value is itself a list, written with commas.
  static func lists<Element>(
    _ name: String, short: Character? = nil, _ valueName: String, _ type: OptionType<[Element]>,
    environment: String? = nil, default defaultValue: String? = nil, help: String, documentation: String = ""
  ) -> Option where Value == [Element] {
    let parts = Option<[[Element]]>.list(
      name, short: short, valueName, type, environment: environment, default: defaultValue, help: help,
      documentation: documentation)
    return Option(definition: parts.definition) { (arguments) throws(CommandError) in
      try parts.read(arguments).flatMap(\.self)
    }
  }
}

extension Option where Value == Bool {
  /// An option without a value. Negatable switches also exist as `--no-NAME`.
  static func flag(
    _ name: String, short: Character? = nil, negatable: Bool = true, environment: String? = nil,
    default defaultValue: Bool = false, help: String, documentation: String = ""
  ) -> Option {
    let definition = OptionDefinition(
      name: name, short: short, environment: environment, isNegatable: negatable, help: help,
      documentation: documentation)
    return Option(definition: definition) { (arguments) throws(CommandError) in
      try arguments.isOn(definition) ?? defaultValue
    }
  }
}
