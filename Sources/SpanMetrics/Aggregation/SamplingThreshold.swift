import OTLP
import Platform

/// How often a span counts by the sampling threshold in its tracestate, as Tempo counts it.
enum SamplingThreshold {
  /// For how many spans one with this tracestate stands; nil where it does not say.
  ///
  /// With an explicit random value (`rv`) the count is rounded up or down by it, so that counts stay whole and their sum
  /// right.
  static func adjustedCount(_ traceState: ByteView) -> Double? {
    guard let state = SamplingState(traceState), let threshold = state.threshold else { return nil }
    let count = 1 / SamplingState.probability(threshold: threshold)
    guard let random = state.randomness else { return count }
    let whole = count.rounded(.down)
    return Double(random >> 3) / 0x1p53 < count - whole ? whole + 1 : whole
  }
}
