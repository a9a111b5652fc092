import Platform
import YAML

/// Options of a command in a file of YAML or JSON, by their long names.
enum OptionFile {
  /// What the file's text for one option means, as if it stood on the command line.
  ///
  /// - Parameters:
  ///   - options: Those that may stand in the file.
  ///   - mappings: Options whose values may be a mapping, with what stands between its keys and values.
  static func occurrences(
    _ key: YAMLNode, _ value: YAMLNode, in options: [OptionDefinition], mappings: [String: String] = [:]
  ) throws(YAMLError) -> [Occurrence] {
    let name = key.text ?? ""
    guard let option = options.first(where: { $0.name == name }) else {
      throw YAMLError("unknown option '\(name)'" + hint(name, options.map(\.name)), at: key)
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
      guard option.isRepeatable, let separator = mappings[name] else {
        throw YAMLError("\(name) takes one value", at: value)
      }
      return try members.map { (key, value) throws(YAMLError) in
        guard let text = value.text else { throw YAMLError("\(key.text ?? "") has no value", at: value) }
        return .value("\(key.text ?? "")\(separator)\(text)")
      }
    }
  }

  /// What was probably meant by a name, to follow a message.
  static func hint(_ name: String, _ known: [String]) -> String {
    NearestName.of(name, in: known).map { "; did you mean '\($0)'?" } ?? ""
  }

  /// The members of the mapping that a file holds, read with a limit.
  static func members(
    of path: String, option: String
  ) throws(CommandError) -> [(key: YAMLNode, value: YAMLNode)] {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try WholeFile.read(try FileDescriptor.openForReading(path), limit: 4 << 20)
    } catch {
      throw .usage("--\(option): \(error)")
    }
    do throws(YAMLError) {
      let root = try bytes.withByteView { (view) throws(YAMLError) in try YAMLDocument.parse(view) }
      guard case .mapping(let members) = root.content else {
        throw YAMLError("must hold options by their long names", at: root)
      }
      return members
    } catch {
      throw .usage("\(path):\(error)")
    }
  }

  /// Reads every value once, so that a bad one is told of with the file's name.
  static func check(
    _ occurrences: [String: [Occurrence]], of command: Command, in path: String
  ) throws(CommandError) {
    let arguments = Arguments(command: command, positionals: [], occurrences: occurrences) { _ in nil }
    for option in command.groups.flatMap(\.typedOptions) where occurrences[option.name] != nil {
      do throws(CommandError) { try option.check(arguments) } catch {
        throw .usage("\(path): \(error.message)")
      }
    }
  }
}
