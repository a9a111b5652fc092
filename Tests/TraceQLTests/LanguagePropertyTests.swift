import TestSupport
import Testing

@testable import TraceQL

@Suite struct LanguagePropertyTests {
  @Test func everyQueryPrintsAndReadsBackAsItself() {
    var generator = QueryGenerator(random: SeededRandom())
    let note = generator.random.note
    for round in 0..<100_000 {
      let query = generator.query()
      let text = query.description
      let again = try? Query(parsing: text)
      if again != query {
        Issue.record("\(note): \(text) read back as \(again.map(\.description) ?? "nothing")")
        return
      }
      if round % 16 == 0, again?.description != text {
        Issue.record("\(note): \(text) prints differently the second time")
        return
      }
    }
  }

  @Test func mangledQueriesAreRefusedOrReadButNeverCrash() {
    var generator = QueryGenerator(random: SeededRandom())
    let note = generator.random.note
    let pieces = [
      "{", "}", "(", ")", "\"", "`", "|", "&&", "!", ".", "span.", "trace:", "/*", "//", "=~ \"[\"", "1h", "\u{0}", "é",
      ",",
    ]
    var accepted = 0
    for _ in 0..<10_000 {
      var bytes = Array(generator.query().description.utf8)
      for _ in 0...Int.random(in: 0..<3, using: &generator.random) {
        let at = Int.random(in: 0...bytes.count, using: &generator.random)
        switch Int.random(in: 0..<4, using: &generator.random) {
        case 0: bytes.insert(UInt8.random(in: 0...255, using: &generator.random), at: at)
        case 1: if at < bytes.count { bytes.removeSubrange(at..<min(bytes.count, at + 3)) }
        case 2: bytes.insert(contentsOf: (pieces.randomElement(using: &generator.random) ?? "").utf8, at: at)
        default: bytes.removeSubrange(at...)
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      do {
        let query = try Query(parsing: text)
        accepted += 1
        let again = try? Query(parsing: query.description)
        if again != query {
          Issue.record("\(note): \(text) prints as \(query)")
          return
        }
      } catch {
        // Whatever is wrong with it, the error can be shown.
        if error.description.isEmpty || error.excerpt.isEmpty { Issue.record("\(note): no error for \(text)") }
      }
    }
    #expect(accepted > 100)
  }

  @Test func readingTakesLinearTime() throws {
    func cost(_ count: Int) throws -> UInt64 {
      let text = Array(repeating: "{ .a = \"x\" } | count() > 1", count: count).joined(separator: " | ")
      return try ProcessorTime.least(of: 5) { _ = try Query(parsing: text) }
    }
    let (short, long) = (try cost(500), try cost(5_000))
    // Ten times the text; a quadratic reader would take a hundred times as long.
    #expect(long < short * 50)
  }
}
