import Testing

@testable import Correlate

@Suite struct LogWitnessBuilderTests {
  private func templates(_ lines: [String]) -> [LogWitness.Template] {
    var builder = LogWitnessBuilder()
    for (index, line) in lines.enumerated() {
      builder.add(
        .init(trace: .init(high: 1, low: UInt64(index)), service: "shop", span: 0, time: Int64(index), text: line))
    }
    return builder.witness().templates
  }

  @Test func namesAreNoPartOfAMessage() {
    let people = ["ann", "bob", "cy", "dee", "eve", "flo", "gus", "hal", "ida", "jon", "kim", "leo"]
    let found = templates(people.map { "2026-11-23 10:00:00 INFO cart user \($0) bought 3 apples" }).map(\.text)
    #expect(found.contains("INFO cart user * bought 0 apples"), "\(found)")
    #expect(!found.contains { $0.contains("ann") }, "\(found)")
  }

  @Test func wordsThatComeOftenAreKept() {
    let outcomes = (0..<40).map { "INFO payment order-\($0)x was \($0 % 4 == 0 ? "refused" : "taken")" }
    let found = templates(outcomes).map(\.text)
    #expect(found.contains { $0.hasSuffix("was refused") } && found.contains { $0.hasSuffix("was taken") }, "\(found)")
  }

  @Test func tellsTroubleFromWords() {
    let found = templates(["ERROR pool no connection left", "INFO pool ready"])
    #expect(found.filter(\.tellsOfTrouble).map(\.text) == ["ERROR pool no connection left"])
  }
}
