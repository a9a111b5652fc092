import Foundation
import TestSupport
import Testing

/// docs/spanmetrics.md names options that there are, all of those that shape metrics, and gives a verdict on each.
@Suite struct ComparisonTableTests {
  private static func rows() throws -> [(theirs: String, options: [String], verdict: String)] {
    let table = try String(
      contentsOf: Fixtures.repository.appending(path: "docs/spanmetrics.md"), encoding: .utf8)
    return table.split(separator: "\n").filter { $0.hasPrefix("| ") }.map { row in
      let cells = row.split(separator: "|", omittingEmptySubsequences: false)
        .map { $0.trimmingCharacters(in: .whitespaces) }
      #expect(cells.count == 5, "\(row)")
      return (cells[1], cells[2].split { ", `".contains($0) }.map(String.init).filter { $0.hasPrefix("--") }, cells[3])
    }.filter { $0.theirs != "Tempo" && $0.theirs != "connector" }
  }

  @Test func everyOptionOfTheTableIsThere() throws {
    let help = try Program.run(["spanmetrics", "--help"]).output
    var named: Set<String> = []
    for (theirs, options, _) in try Self.rows() {
      for option in options {
        named.insert(option)
        // Switches that are on are named with what turns them off.
        let isThere = ["\(option) ", "\(option)\n", "\(option),", "--[no-]\(option.dropFirst(2))"].contains {
          help.contains($0)
        }
        #expect(isThere, "\(theirs): \(option)")
      }
    }
    #expect(named.count > 50)
  }

  @Test func everyRowHasAVerdict() throws {
    let rows = try Self.rows()
    #expect(rows.count > 70)
    for (theirs, options, verdict) in rows {
      switch verdict.prefix(while: { !":;, ".contains($0) }) {
      case "has": #expect(!options.isEmpty, "\(theirs)")
      case "differs": #expect(!options.isEmpty && verdict.hasPrefix("differs: "), "\(theirs)")
      default: #expect(options.isEmpty && verdict.hasPrefix("why not: "), "\(theirs): \(verdict)")
      }
    }
  }

  /// An option that shapes metrics and stands in no row would be one that nobody can look for.
  @Test func everyOptionThatShapesMetricsIsInTheTable() throws {
    let help = try Program.run(["spanmetrics", "--help"]).output
    let named = Set(try Self.rows().flatMap(\.options))
    let own: Set = [
      "--generator", "--size-buckets", "--service-graph", "--max-series", "--exemplar-label", "--native-factor",
    ]
    var options: [String] = []
    for section in ["Metrics:", "Service graph:"] {
      guard let start = help.range(of: section)?.upperBound else {
        Issue.record("no section \(section)")
        continue
      }
      let lines = help[start...].split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
      for line in lines {
        if !line.isEmpty, !line.hasPrefix(" ") { break }
        // An option stands behind its letter or the room for one.
        guard let dashes = line.range(of: "--"), line[..<dashes.lowerBound].count == 6 else { continue }
        let word = line[dashes.lowerBound...].prefix { !" =".contains($0) }
        options.append(word.replacingOccurrences(of: "[no-]", with: ""))
      }
    }
    #expect(options.count > 40, "\(options)")
    for option in options where !own.contains(option) { #expect(named.contains(option), "\(option)") }
  }
}
