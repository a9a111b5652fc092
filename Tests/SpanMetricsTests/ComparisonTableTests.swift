import Foundation
import TestSupport
import Testing

/// docs/spanmetrics.md names options that there are.
@Suite struct ComparisonTableTests {
  @Test func everyOptionOfTheTableIsThere() throws {
    let table = try String(
      contentsOf: Fixtures.repository.appending(path: "docs/spanmetrics.md"), encoding: .utf8)
    let help = try Program.run(["spanmetrics", "--help"]).output
    var named = 0
    for row in table.split(separator: "\n") where row.hasPrefix("| ") {
      let cells = row.split(separator: "|", omittingEmptySubsequences: false)
      #expect(cells.count == 5, "\(row)")
      for option in cells[2].split(whereSeparator: { ", `".contains($0) }) where option.hasPrefix("--") {
        named += 1
        #expect(help.contains(String(option)), "\(option)")
      }
      guard cells[3].contains("has") else { continue }
      #expect(cells[2].contains("--"), "\(row)")
    }
    #expect(named > 40)
  }
}
