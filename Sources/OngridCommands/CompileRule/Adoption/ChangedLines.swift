import AlertRules
import Libc
import Platform

/// Lines that differ from a commit of git.
struct ChangedLines {
  private enum Change {
    /// Ranges of lines, from 1. Where lines were only removed, those around the gap count.
    case lines([ClosedRange<Int>])
    /// The file is new.
    case all
  }

  /// By the name of the source.
  private var changes: [String: Change] = [:]

  /// Asks git about the files of `sources`; what is not a file in a checkout counts as changed.
  init(since commit: String, _ sources: [RuleSource]) throws(CommandError) {
    // Git would take it for an option.
    guard !commit.hasPrefix("-"), !commit.isEmpty else {
      throw .usage("--\(AdoptionOptions.sinceCommit.name) '\(commit)': must be a commit, a branch or a tag")
    }
    var directories: [String: [(file: String, source: String)]] = [:]
    for source in sources where source.name != "<stdin>" {
      let slash = source.name.lastIndex(of: "/")
      let directory = slash.map { String(source.name[...$0]) } ?? "./"
      let file = slash.map { String(source.name[source.name.index(after: $0)...]) } ?? source.name
      directories[directory, default: []].append((file, source.name))
    }
    for (directory, files) in directories.sorted(by: { $0.key < $1.key }) {
      try read(directory, files, commit)
    }
  }

  /// Whether a line of the range of bytes differs.
  func touches(_ range: Range<Int>, of source: RuleSource) -> Bool {
    switch changes[source.name] {
    case nil, .all: return true
    case .lines(let ranges):
      let lines = source.place(of: range.lowerBound).line...source.place(of: range.upperBound).line
      return ranges.contains { $0.overlaps(lines) }
    }
  }

  private mutating func read(
    _ directory: String, _ files: [(file: String, source: String)], _ commit: String
  ) throws(CommandError) {
    let git = ["git", "-C", directory, "-c", "core.quotePath=false"]
    let diff = try ChangedLines.run(
      git + ["diff", "--relative", "--no-prefix", "--no-color", "--no-ext-diff", "--unified=0", commit, "--", "."])
    let new = try ChangedLines.run(git + ["ls-files", "--others", "-z", "--", "."])
    let unknown = Set(new.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
    let hunks = ChangedLines.hunks(String(decoding: diff, as: UTF8.self))
    for (file, source) in files {
      // Git puts names with such characters into quotes; it is not worth taking them out again.
      let isPlain = file.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
      changes[source] = unknown.contains(file) || !isPlain ? .all : .lines(hunks[file] ?? [])
    }
  }

  /// Changed lines by file, from a diff without context.
  static func hunks(_ diff: String) -> [String: [ClosedRange<Int>]] {
    var found: [String: [ClosedRange<Int>]] = [:]
    var file = ""
    // Lines of a hunk that have not come yet: such a line may look like a header.
    var left = 0
    for line in diff.split(separator: "\n", omittingEmptySubsequences: false) {
      if left > 0 {
        if line.hasPrefix("+") || line.hasPrefix("-") { left -= 1 }
      } else if line.hasPrefix("+++ ") {
        file = String(line.dropFirst(4))
        if file.hasSuffix("\t") { file.removeLast() }
      } else if line.hasPrefix("@@ ") {
        let parts = line.split(separator: " ")
        guard parts.count >= 3, let old = span(parts[1]), let new = span(parts[2]) else { continue }
        left = old.count + new.count
        let first = max(new.first, 1)
        found[file, default: []].append(new.count > 0 ? first...(first + new.count - 1) : first...(first + 1))
      }
    }
    return found
  }

  /// `-12,3` or `+12`.
  private static func span(_ text: Substring) -> (first: Int, count: Int)? {
    let numbers = text.dropFirst().split(separator: ",").map { Int($0) }
    guard let first = numbers.first ?? nil, first >= 0, first < Int.max / 4 else { return nil }
    guard numbers.count > 1 else { return (first, 1) }
    guard let count = numbers[1], count >= 0, count < Int.max / 4 else { return nil }
    return (first, count)
  }

  /// What a program prints; its complaint where it fails.
  private static func run(_ command: [String]) throws(CommandError) -> [UInt8] {
    let result: ProgramRun
    do throws(SystemError) { result = try ProgramRun(running: command, limit: 1 << 30) } catch {
      throw .usage("--\(AdoptionOptions.sinceCommit.name): git cannot be run: \(error.reason)")
    }
    guard result.status == 0 else {
      let words = String(decoding: result.output.prefix(400), as: UTF8.self)
      let line = words.split(separator: "\n").first.map(String.init) ?? "git failed"
      throw .usage("--\(AdoptionOptions.sinceCommit.name): \(StandardErrorLog.oneLine(line))")
    }
    return result.output
  }
}
