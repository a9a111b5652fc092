import Foundation

/// Random data that can be had again: the seed is printed with a failure (`note`) and read from `ONGRID_TEST_SEED`.
public struct SeededRandom: RandomNumberGenerator {
  public let seed: UInt64
  private var state: UInt64

  /// - Parameter seed: Where to start; by default `ONGRID_TEST_SEED`, else a new one.
  public init(seed: UInt64? = nil) {
    let given = ProcessInfo.processInfo.environment["ONGRID_TEST_SEED"].flatMap { UInt64($0) }
    self.seed = seed ?? given ?? UInt64.random(in: .min ... .max)
    self.state = self.seed
  }

  /// For the message of an expectation.
  public var note: String { "ONGRID_TEST_SEED=\(seed)" }

  /// SplitMix64.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
