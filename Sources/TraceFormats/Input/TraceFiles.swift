import Platform

/// The files that paths of a command line stand for.
public struct TraceFiles: Sendable {
  /// In the order of the paths; those of a directory sorted by name.
  public private(set) var paths: [String] = []
  /// Which of `paths` were found in a directory.
  public private(set) var found: Set<String> = []
  /// How many of what was found in directories is not taken, and the first of them, by reason.
  public private(set) var leftOut: [(reason: String, count: Int, first: String)] = []

  private var seen: Set<Identity> = []

  private struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64
  }

  /// Directories in directories that are looked into.
  static let depthLimit = 32

  /// What is still being written or set aside, by the ends of its name.
  private static let unfinished = [".tmp", ".part", ".partial", ".swp"]

  /// Directories are looked into, links followed once: hidden files, what is still being written (`.tmp`, `.part`), what was
  /// set aside (`.bad`) and what is no file is left out.
  ///
  /// - Parameter paths: `-` is standard input.
  public init(_ paths: [String]) throws(SystemError) {
    for path in paths {
      if path != "-", try FileStatus.of(path).isDirectory {
        try enter(path, depth: 0)
      } else {
        self.paths.append(path)
      }
    }
  }

  /// "left out: 3 hidden (.a, …), 1 still being written (b.tmp)"; nil when nothing was left out.
  public var leftOutText: String? {
    if leftOut.isEmpty { return nil }
    let parts = leftOut.map { "\($0.count) \($0.reason) (\($0.first)\($0.count > 1 ? ", …" : ""))" }
    return "left out: " + parts.joined(separator: ", ")
  }

  /// Takes note of a file that is not read.
  public mutating func leaveOut(_ path: String, _ reason: String) {
    if let index = leftOut.firstIndex(where: { $0.reason == reason }) {
      leftOut[index].count += 1
    } else {
      leftOut.append((reason, 1, path))
    }
  }

  private mutating func enter(_ directory: String, depth: Int) throws(SystemError) {
    let own = try FileStatus.of(directory)
    guard seen.insert(Identity(device: own.device, inode: own.inode)).inserted else {
      return leaveOut(directory, "directory met before")
    }
    for name in try DirectoryListing.names(in: directory) {
      let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
      if name.hasPrefix(".") {
        leaveOut(path, "hidden")
      } else if Self.unfinished.contains(where: { name.hasSuffix($0) }) {
        leaveOut(path, "still being written")
      } else if name.hasSuffix(".bad") {
        leaveOut(path, "set aside as bad")
      } else if let status = try? FileStatus.of(path) {
        if status.isRegular {
          paths.append(path)
          found.insert(path)
        } else if !status.isDirectory {
          leaveOut(path, "no file")
        } else if depth >= Self.depthLimit {
          leaveOut(path, "nested too deep")
        } else {
          do throws(SystemError) { try enter(path, depth: depth + 1) } catch { leaveOut(path, "unreadable") }
        }
      } else {
        // A link that leads nowhere, or a file that went between the listing and here.
        leaveOut(path, "unreadable")
      }
    }
  }
}
