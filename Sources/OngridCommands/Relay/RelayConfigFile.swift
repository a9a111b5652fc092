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
    let members = try OptionFile.members(of: path, option: "config")
    do throws(YAMLError) {
      for (key, value) in members { try read(key, value) }
    } catch {
      throw .usage("\(path):\(error)")
    }
    try OptionFile.check(options, of: command, in: path)
    for destination in destinations { try OptionFile.check(destination.settings, of: command, in: path) }
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
            "'\(option)' is not for one destination" + OptionFile.hint(option, known.sorted()), at: key)
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

  private func occurrences(_ key: YAMLNode, _ value: YAMLNode) throws(YAMLError) -> [Occurrence] {
    try OptionFile.occurrences(
      key, value, in: command.allOptions.filter { $0.name != RelayOptions.config.name },
      mappings: ["resource": "=", "header": ": "])
  }
}
