import OTLP
import Platform
import Testing

/// OpenTelemetry's specification, "TraceState: Probability Sampling" and "TraceState Handling".
@Suite struct SamplingStateTests {
  /// The specification's own table: one in so many, and the thresholds with three, four and five digits.
  @Test(
    "thresholds are the specification's",
    arguments: [
      (1, ["0", "0", "0"]), (2, ["8", "8", "8"]), (3, ["aab", "aaab", "aaaab"]), (4, ["c", "c", "c"]),
      (5, ["ccd", "cccd", "ccccd"]), (8, ["e", "e", "e"]), (10, ["e66", "e666", "e6666"]), (16, ["f", "f", "f"]),
      (100, ["fd71", "fd70a", "fd70a4"]), (1000, ["ffbe7", "ffbe77", "ffbe76d"]),
      (10_000, ["fff972", "fff9724", "fff97247"]), (100_000, ["ffff584", "ffff583a", "ffff583a5"]),
      (1_000_000, ["ffffef4", "ffffef39", "ffffef391"]),
    ] as [(Int, [String])])
  func thresholds(_ oneIn: Int, _ expected: [String]) {
    let written = (3...5).map { precision in
      rewritten("", SamplingState.threshold(probability: 1 / Double(oneIn), precision: precision))
    }
    #expect(written == expected.map { "ot=th:\($0)" })
  }

  @Test func extremes() {
    #expect(SamplingState.threshold(probability: 1) == 0)
    #expect(SamplingState.threshold(probability: .leastNonzeroMagnitude) < SamplingState.range)
    #expect(SamplingState.threshold(probability: 0x1p-56) < SamplingState.range)
    #expect(SamplingState.probability(threshold: 0) == 1)
    #expect(SamplingState.probability(threshold: SamplingState.range / 2) == 0.5)
  }

  @Test(
    "what is read",
    arguments: [
      ("ot=th:8", 0x80_0000_0000_0000, nil), ("ot=th:0", 0, nil),
      ("ot=rv:6e6d1a75832a2f;th:c", 0xc0_0000_0000_0000, 0x6e6d_1a75_832a_2f),
      ("a=1, ot=th:C ,b=2", 0xc0_0000_0000_0000, nil), ("ot=p:8;th:fd70a4;r:62", 0xfd70_a400_0000_00, nil),
      ("ot=rv:00000000000001", nil, 1), ("ot=th:8,ot=th:c", 0x80_0000_0000_0000, nil),
    ] as [(String, UInt64?, UInt64?)])
  func read(_ text: String, _ threshold: UInt64?, _ randomness: UInt64?) {
    let state = Array(text.utf8).withByteView { SamplingState($0) }
    #expect(state?.threshold == threshold)
    #expect(state?.randomness == randomness)
    #expect(state != nil)
  }

  @Test(
    "what is not read",
    arguments: [
      "", "th:8", "ot=", "ot=th", "ot=th:", "ot=th:g", "ot=th:-0", "ot=th:123456789abcdef", "ot=rv:1", "ot=;th:8",
      "ot=th:8;", "ot=TH:8", "ot=th:8 ;a:b", "xot=th:8", "ot=a:" + String(repeating: "x", count: 300),
    ])
  func malformed(_ text: String) {
    #expect(Array(text.utf8).withByteView { SamplingState($0) } == nil)
  }

  @Test(
    "what is written",
    arguments: [
      ("", "ot=th:f3333"), ("a=1,b=2", "ot=th:f3333,a=1,b=2"), ("a=1,ot=th:8", "ot=th:f3333,a=1"),
      ("ot=rv:6e6d1a75832a2f;th:8;p:1", "ot=th:f3333;rv:6e6d1a75832a2f;p:1"),
      ("ot=nonsense,c=3", "ot=th:f3333,c=3"), ("ot=rv:12,c=3", "ot=th:f3333,c=3"),
      ("ot=x:" + String(repeating: "y", count: 225) + ";rv:6e6d1a75832a2f", "ot=th:f3333;rv:6e6d1a75832a2f"),
    ])
  func write(_ before: String, _ after: String) {
    #expect(rewritten(before, SamplingState.threshold(probability: 0.05)) == after)
  }

  private func rewritten(_ text: String, _ threshold: UInt64) -> String {
    var buffer = ByteBuffer()
    Array(text.utf8).withByteView { SamplingState.write(threshold: threshold, over: $0, into: &buffer) }
    return String(buffer.view)
  }
}
