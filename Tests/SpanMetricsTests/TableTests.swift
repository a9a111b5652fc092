import Platform
import TestSupport
import Testing

@testable import SpanMetrics

@Suite struct TableTests {
  @Test func indexFindsWhatIsInIt() {
    var random = SeededRandom()
    var index = HashIndex()
    var model: [Int: UInt64] = [:]
    for step in 0..<20_000 {
      // Few different hashes, so that runs of colliding entries come and go.
      let hash = UInt64.random(in: 0..<64, using: &random) | UInt64.random(in: 0..<4, using: &random) << 40
      if Bool.random(using: &random) || model.isEmpty {
        if model.count < 400 {
          index.insert(hash, step) { model[$0] ?? 0 }
          model[step] = hash
        }
      } else if let (position, hash) = model.randomElement(using: &random) {
        index.remove(hash, position) { model[$0] ?? 0 }
        model[position] = nil
      }
      if let (position, hash) = model.randomElement(using: &random) {
        let found = index.find(hash) { $0 == position }
        #expect(found == position, "\(random.note)")
      }
      let missing = index.find(hash) { $0 == -1 }
      #expect(missing == nil)
    }
    for (position, hash) in model {
      let found = index.find(hash) { $0 == position }
      #expect(found == position, "\(random.note)")
    }
  }

  @Test func hashesDependOnEveryByte() {
    let hash = ByteHash()
    for length in [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100] {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      let original = bytes.withByteView { hash($0) }
      for index in 0..<length {
        var changed = bytes
        changed[index] ^= 1
        #expect(changed.withByteView { hash($0) } != original, "length \(length), byte \(index)")
      }
      #expect((bytes + [0]).withByteView { hash($0) } != original)
    }
  }

  @Test func viewsMatchWhenTheirBytesDo() {
    for length in 0..<40 {
      let bytes = (0..<length).map { UInt8($0) }
      let copy = bytes
      #expect(bytes.withByteView { left in copy.withByteView { left.matches($0) } })
      for index in 0..<length {
        var changed = bytes
        changed[index] ^= 0x80
        #expect(!bytes.withByteView { left in changed.withByteView { left.matches($0) } })
      }
    }
  }

  @Test func bucketsAreThoseThatFloatingPointFinds() {
    var random = SeededRandom()
    for _ in 0..<200 {
      var limits: [Double] = []
      for _ in 0..<Int.random(in: 1...20, using: &random) {
        limits.append(Double.random(in: 1e-9...20, using: &random))
      }
      limits = Array(Set(limits)).sorted()
      let bounds = BucketBounds(limits, scale: 1e9)
      let count = bounds.count
      #expect(count == limits.count + 1)
      for _ in 0..<200 {
        let near = UInt64(limits.randomElement(using: &random).map { $0 * 1e9 } ?? 0)
        let value = [
          UInt64.random(in: 0...30_000_000_000, using: &random), near &+ UInt64.random(in: 0...3, using: &random),
          near > 2 ? near - 2 : 0, .max,
        ].randomElement(using: &random)
        let duration = value ?? 0
        let expected = limits.firstIndex { Double(duration) / 1e9 <= $0 } ?? limits.count
        let bucket = bounds.bucket(of: duration)
        #expect(bucket == expected, "\(duration) in \(limits), \(random.note)")
      }
    }
  }

  @Test func quantilesAreInterpolated() {
    let histogram = HistogramValue(sum: 0, cumulative: [10, 20, 20, 40, 50])
    let bounds = [1.0, 2, 4, 8]
    #expect(histogram.quantile(0.2, bounds: bounds) == 1)
    #expect(histogram.quantile(0.1, bounds: bounds) == 0.5)
    #expect(histogram.quantile(0.6, bounds: bounds) == 6)
    #expect(histogram.quantile(0.99, bounds: bounds) == 8)
    #expect(HistogramValue(sum: 0, cumulative: [0, 0]).quantile(0.5, bounds: [1]) == nil)
  }

  @Test func waitingEndsComeOutInTheirOrder() throws {
    var waiting = WaitingEnds(limit: 3)
    func end(_ id: UInt64) -> CallEnd {
      CallEnd(
        key: CallEnd.Key(trace: (0, 7), span: id), flags: [], service: 0, peer: 0, database: 0, latency: id, time: 0,
        weight: .one)
    }
    for id in 1...3 { _ = waiting.add(end(UInt64(id)), at: Int64(id)) }
    // What is not copyable cannot stand inside an expectation.
    let middle = waiting.find(end(2).key)
    try waiting.remove(#require(middle).position)
    let gone = waiting.find(end(2).key) == nil
    let none = waiting.add(end(4), at: 4)
    let evicted = waiting.add(end(5), at: 5)
    let early = waiting.removeOldest(arrivedBy: 2)
    let third = waiting.removeOldest(arrivedBy: 3)
    #expect(gone && none == nil && early == nil)
    #expect(evicted?.latency == 1)
    #expect(third?.latency == 3)
    var rest: [UInt64] = []
    waiting.forEach { rest.append($0.latency) }
    #expect(rest == [4, 5])
  }
}
