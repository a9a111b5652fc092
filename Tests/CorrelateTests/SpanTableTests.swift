import TestSupport
import Testing

@testable import Correlate

@Suite struct SpanTableTests {
  private func add(_ service: String, _ name: String, peer: String?, trace: UInt64, to table: inout SpanTable) {
    let id = SpanTable.TraceID(high: 0, low: trace)
    let number = table.serviceNumber(service)
    let place = table.number(of: SpanTable.Place(service: number, name: table.serviceNumber(name)))
    let peerNumber = peer.map { table.serviceNumber($0) } ?? -1
    table.add(
      .init(
        id: trace, parent: 0, start: 0, duration: 1, trace: table.number(of: id), place: place, peer: peerNumber,
        kind: 3, outcome: .fine))
  }

  @Test func tablesOfSeveralThreadsBecomeOne() {
    var first = SpanTable()
    add("web", "GET /", peer: nil, trace: 1, to: &first)
    add("orders", "order", peer: "postgresql", trace: 2, to: &first)
    var second = SpanTable()
    add("orders", "order", peer: "redis", trace: 3, to: &second)
    add("web", "GET /", peer: nil, trace: 2, to: &second)
    add("stock", "", peer: "postgresql", trace: 1, to: &second)
    first.merge(second)
    let texts = first.spans.map { span in
      "\(first.text(of: span.place)) \(first.names[span.peer]) \(first.traces[Int(span.trace)].low)"
    }
    #expect(
      texts == [
        "web GET /  1", "orders order postgresql 2", "orders order redis 3", "web GET /  2", "stock  postgresql 1",
      ])
    #expect(first.traces.count == 3 && first.places.count == 3)
  }

  @Test func numbersOfKeysAreThoseOfADictionary() {
    var random = SeededRandom(seed: 11)
    var numbers = KeyNumbers()
    var known: [UInt64: Int] = [:]
    for _ in 0..<5000 {
      let key = UInt64.random(in: 0..<3000, using: &random) << 34
      #expect(numbers.number(of: key) == known[key])
      let (number, isNew) = numbers.take(key)
      #expect(isNew == (known[key] == nil))
      #expect(number == known[key] ?? known.count)
      known[key] = number
    }
    #expect(numbers.count == known.count)
  }
}
