import Foundation

/// The Swift files below `Sources`, as text.
struct SourceTree {
  struct File {
    /// Below `Sources`: `OTLP/Wire/WireCursor.swift`.
    let path: String
    let lines: [Substring]

    /// The module it belongs to.
    var module: String { String(path.prefix { $0 != "/" }) }
  }

  let files: [File]
  let contributing: String

  init() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let sources = root.appending(path: "Sources")
    let paths = FileManager.default.enumerator(atPath: sources.path)?.compactMap { $0 as? String } ?? []
    files = try paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
      let text = try String(contentsOf: sources.appending(path: path), encoding: .utf8)
      return File(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }
    contributing = try String(contentsOf: root.appending(path: "CONTRIBUTING.md"), encoding: .utf8)
  }

  /// The lines of the diagram under "## Layers", from the top: the modules that stand beside each other.
  ///
  /// A line that begins in column 4 names modules; the first word that is no module's name begins what they do.
  var layers: [[String]] {
    var layers: [[String]] = []
    guard let start = contributing.range(of: "## Layers") else { return [] }
    let section = contributing[start.upperBound...]
    let end = section.range(of: "\n## ")?.lowerBound ?? section.endIndex
    for line in section[..<end].split(separator: "\n") where line.hasPrefix("    ") && !line.hasPrefix("     ") {
      let modules = line.split(separator: " ").prefix { word in
        (word == "ongrid" || word.first?.isUppercase == true)
          && word.allSatisfy { $0.isLetter || $0.isNumber || $0 == "*" }
      }
      layers.append(modules.map(String.init))
    }
    return layers
  }
}
