import AlertRules
import Platform

/// Reads the files that `compile-rule` is given.
enum RuleFiles {
  /// Most bytes of one file.
  static let sizeLimit = 256 << 20
  /// How the names of files of rules end.
  static let endings = [".json", ".yaml", ".yml"]
  /// Directories in directories that are followed.
  private static let depthLimit = 32

  /// Reads files, directories and standard input (`-`, or no path at all). A path that cannot be read is reported among
  /// the diagnostics, so that it does not hide problems in the others.
  static func read(_ paths: [String], serviceLabel: String) throws(CommandError) -> RuleSet {
    var files: [String] = []
    var seen = Set<FileIdentity>()
    var failures: [(name: String, message: String)] = []
    for path in paths.isEmpty ? ["-"] : paths {
      do throws(SystemError) {
        files += try expand(path, depth: 0, &seen)
      } catch {
        failures.append((path, "cannot be read: \(error.reason.prefix(1).lowercased() + error.reason.dropFirst())"))
      }
    }
    var sources: [RuleSource] = []
    for path in files {
      do throws(SystemError) {
        sources.append(try source(path))
      } catch {
        failures.append((path, "cannot be read: \(error.reason.prefix(1).lowercased() + error.reason.dropFirst())"))
      }
    }
    var set = RuleSet(reading: sources, serviceLabel: serviceLabel)
    for failure in failures { set.addUnreadable(failure.name, failure.message) }
    if sources.isEmpty, failures.isEmpty {
      set.addEmpty(paths.joined(separator: " "), "there is no *.json, *.yaml or *.yml file in the directory")
    }
    return set
  }

  private static func source(_ path: String) throws(SystemError) -> RuleSource {
    if path == "-" {
      return RuleSource(name: "<stdin>", bytes: try WholeFile.read(.standardInput, limit: sizeLimit))
    }
    return RuleSource(name: path, bytes: try WholeFile.read(.openForReading(path), limit: sizeLimit))
  }

  /// What tells files apart, by whatever path they are reached.
  private struct FileIdentity: Hashable {
    let device: UInt64
    let inode: UInt64

    init(_ status: FileStatus) {
      device = status.device
      inode = status.inode
    }
  }

  /// The path itself, or the files of rules below it in the order of their names. What was `seen` is left out: a file behind
  /// two links counts once, and a link to a directory above it ends there.
  private static func expand(_ path: String, depth: Int, _ seen: inout Set<FileIdentity>) throws(SystemError)
    -> [String]
  {
    guard path != "-" else { return [path] }
    let status = try FileStatus.of(path)
    // Pipes such as those of a shell's substitution may have one identity for all.
    guard status.isDirectory || status.isRegular else { return [path] }
    guard seen.insert(FileIdentity(status)).inserted else { return [] }
    guard status.isDirectory else { return [path] }
    var files: [String] = []
    guard depth < depthLimit else { return files }
    for name in try DirectoryListing.names(in: path) where !name.hasPrefix(".") {
      let child = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
      if endings.contains(where: { name.hasSuffix($0) }) || (try? FileStatus.of(child))?.isDirectory == true {
        files += try expand(child, depth: depth + 1, &seen)
      }
    }
    return files
  }
}
