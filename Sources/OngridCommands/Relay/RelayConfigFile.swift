import OTLP
import Platform
import YAML

/// The file of `--config`: every option of the relay by its long name, in YAML or JSON, and destinations with settings of
/// their own.
struct RelayConfigFile: Equatable {
  /// A destination that is a mapping: where it is, and its own settings.
  struct Destination: Equatable {
    let signal: OTLPSignal
    let url: String
    let name: String?
    /// Options that hold for it alone.
    let settings: [String: [Occurrence]]
  }

  private(set) var options: [String: [Occurrence]] = [:]
  /// In the order of the file, of each list all or none.
  private(set) var destinations: [Destination] = []
  private let path: String
  private let command: Command

  /// The keys that hold lists of destinations.
  private static let lists: [String: OTLPSignal] = ["to": .traces, "to-metrics": .metrics, "to-logs": .logs]
  /// The options that a destination can have of its own.
  private static let own: Set<String> = Set(
    ClientOptions.group.options.map(\.name)
      + [
        RelayOptions.compression, RelayOptions.batchSpans, RelayOptions.batchBytes, RelayOptions.batchTimeout,
        RelayOptions.queueMax, RelayOptions.inFlight, RelayOptions.retryInitial, RelayOptions.retryMax,
        RelayOptions.retryFor,
      ].map { (option: any CommandOption) in option.name })

  init(_ path: String, for command: Command) throws(CommandError) {
    self.path = path
    self.command = command
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try WholeFile.read(try FileDescriptor.openForReading(path), limit: 4 << 20)
    } catch {
      throw .usage("--config: \(error)")
    }
    do throws(YAMLError) {
      let root = try bytes.withByteView { (view) throws(YAMLError) in try YAMLDocument.parse(view) }
      guard case .mapping(let members) = root.content else {
        throw YAMLError("must hold options by their long names", at: root)
      }
      for (key, value) in members { try read(key, value) }
    } catch {
      throw .usage("\(path):\(error)")
    }
    try check(options)
    for destination in destinations { try check(destination.settings) }
  }

  /// Values are read once here, so that a bad one is told of with the file's name.
  private func check(_ options: [String: [Occurrence]]) throws(CommandError) {
    let arguments = Arguments(command: command, positionals: [], occurrences: options) { _ in nil }
    for option in command.groups.flatMap(\.typedOptions) where options[option.name] != nil {
      do throws(CommandError) { try option.check(arguments) } catch {
        throw .usage("\(path): \(error.message)")
      }
    }
  }

  private mutating func read(_ key: YAMLNode, _ value: YAMLNode) throws(YAMLError) {
    let name = key.text ?? ""
    if let signal = RelayConfigFile.lists[name], case .sequence(let elements) = value.content,
      elements.contains(where: { if case .mapping = $0.content { true } else { false } })
    {
      for element in elements { destinations.append(try destination(element, signal)) }
      return
    }
    options[name] = try occurrences(key, value)
  }

  private func destination(_ node: YAMLNode, _ signal: OTLPSignal) throws(YAMLError) -> Destination {
    guard case .mapping(let members) = node.content else {
      guard let url = node.text else { throw YAMLError("must be a URL or a mapping with one", at: node) }
      return Destination(signal: signal, url: url, name: nil, settings: [:])
    }
    var url: String?
    var name: String?
    var settings: [String: [Occurrence]] = [:]
    for (key, value) in members {
      switch key.text ?? "" {
      case "url": url = value.text
      case "name":
        guard let text = value.text, RelayArguments.isName(text) else {
          throw YAMLError("a name is of letters, digits, '-', '_' and '.'", at: value)
        }
        name = text
      case let option:
        guard RelayConfigFile.own.contains(option) else {
          let known = RelayConfigFile.own.union(["url", "name"])
          throw YAMLError(
            "'\(option)' is not for one destination" + RelayConfigFile.hint(option, known.sorted()), at: key)
        }
        settings[option] = try occurrences(key, value)
      }
    }
    guard let url else { throw YAMLError("the destination has no url", at: node) }
    return Destination(signal: signal, url: url, name: name, settings: settings)
  }

  static func == (left: RelayConfigFile, right: RelayConfigFile) -> Bool {
    left.options == right.options && left.destinations == right.destinations
  }

  private static func hint(_ name: String, _ known: [String]) -> String {
    NearestName.of(name, in: known).map { "; did you mean '\($0)'?" } ?? ""
  }

  private func occurrences(_ key: YAMLNode, _ value: YAMLNode) throws(YAMLError) -> [Occurrence] {
    let name = key.text ?? ""
    guard let option = command.allOptions.first(where: { $0.name == name }), name != RelayOptions.config.name else {
      throw YAMLError(
        "unknown option '\(name)'" + RelayConfigFile.hint(name, command.allOptions.map(\.name)), at: key)
    }
    guard option.takesValue else {
      switch value.text?.lowercased() {
      case "true", "yes", "on": return [.on]
      case "false", "no", "off": return [.off]
      default: throw YAMLError("\(name) must be true or false", at: value)
      }
    }
    switch value.content {
    case .scalar:
      guard let text = value.text else { throw YAMLError("\(name) has no value", at: value) }
      return [.value(text)]
    case .sequence(let elements):
      guard option.isRepeatable else { throw YAMLError("\(name) takes one value", at: value) }
      return try elements.map { (element) throws(YAMLError) in
        guard let text = element.text else { throw YAMLError("\(name) must be a list of words", at: element) }
        return .value(text)
      }
    case .mapping(let members):
      // `resource: {k: v}` and `header: {K: V}` read better than lists of pairs.
      guard option.isRepeatable, name == "resource" || name == "header" else {
        throw YAMLError("\(name) takes one value", at: value)
      }
      let separator = name == "header" ? ": " : "="
      return try members.map { (key, value) throws(YAMLError) in
        guard let text = value.text else { throw YAMLError("\(key.text ?? "") has no value", at: value) }
        return .value("\(key.text ?? "")\(separator)\(text)")
      }
    }
  }
}
