import Libc
import Platform
import YAML

/// The file in which a project keeps the options of `compile-rule` that hold for all its rules.
enum ProjectFile {
  private static let names = [".ongrid.json", ".ongrid.yaml", ".ongrid.yml"]
  /// Directories above the current one that are looked into.
  private static let depthLimit = 64

  /// The same call with what the project says where neither the command line nor the environment does.
  static func apply(to arguments: Arguments) throws(CommandError) -> Arguments {
    guard let path = try arguments[AdoptionOptions.config] ?? nearest() else { return arguments }
    let known = AdoptionOptions.inProject.map(\.definition)
    var occurrences: [String: [Occurrence]] = [:]
    let members = try OptionFile.members(of: path, option: AdoptionOptions.config.name)
    do throws(YAMLError) {
      for (key, value) in try section(members) {
        occurrences[key.text ?? ""] = try OptionFile.occurrences(key, value, in: known)
      }
    } catch {
      throw .usage("\(path):\(error)")
    }
    for option in known {
      if let variable = option.environment, arguments.environment(variable)?.isEmpty == false {
        occurrences[option.name] = nil
      }
    }
    let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    for name in [AdoptionOptions.baseline.name, GeneratorOption.generator.name] {
      occurrences[name] = occurrences[name]?.map { fromDirectory($0, directory) }
    }
    try OptionFile.check(occurrences, of: arguments.command, in: path)
    return arguments.above(occurrences)
  }

  /// What the file holds for this command.
  private static func section(
    _ file: [(key: YAMLNode, value: YAMLNode)]
  ) throws(YAMLError) -> [(key: YAMLNode, value: YAMLNode)] {
    var found: [(key: YAMLNode, value: YAMLNode)] = []
    for (key, value) in file {
      guard key.text == "compile-rule" else {
        throw YAMLError("unknown member '\(key.text ?? "")'; options stand under 'compile-rule'", at: key)
      }
      guard case .mapping(let members) = value.content else {
        throw YAMLError("must hold options by their long names", at: value)
      }
      found += members
    }
    return found
  }

  /// A path starts from the file's directory; a profile's name is none.
  private static func fromDirectory(_ occurrence: Occurrence, _ directory: String) -> Occurrence {
    guard case .value(let text) = occurrence, !text.hasPrefix("/"), text.contains("/") || text.contains(".") else {
      return occurrence
    }
    return .value(directory + text)
  }

  /// The file in the current directory, or in the nearest one above it up to the top of the checkout.
  private static func nearest() -> String? {
    var directory = ""
    for _ in 0..<depthLimit {
      for name in names where (try? FileStatus.of(directory + name))?.isRegular == true { return directory + name }
      if (try? FileStatus.of(directory + ".git")) != nil || isRoot(directory) { return nil }
      directory += "../"
    }
    return nil
  }

  private static func isRoot(_ directory: String) -> Bool {
    let here = try? FileStatus.of(directory.isEmpty ? "." : directory)
    let above = try? FileStatus.of(directory + "..")
    guard let here, let above else { return true }
    return here.device == above.device && here.inode == above.inode
  }
}
