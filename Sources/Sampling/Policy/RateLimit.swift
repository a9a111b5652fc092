import OTLP
import Platform

/// Lets so many a second pass, with what was not used within the last second.
final class RateLimit: Sendable {
  private let rate: Double
  private let state = Monitor<(tokens: Double, last: Int64)?>(nil)

  init(_ rate: Double) { self.rate = rate }

  /// Whether one more passes at `now`, in ns of any clock.
  func take(now: Int64) -> Bool {
    state.withLock { state in
      let most = max(rate, 1)
      var tokens = most
      var last = now
      if let before = state {
        last = max(before.last, now)
        tokens = min(most, before.tokens + Nanoseconds.seconds(last - before.last) * rate)
      }
      let passes = tokens >= 1
      state = (passes ? tokens - 1 : tokens, last)
      return passes
    }
  }
}

/// The threshold that keeps about so many traces a second of those that come. It follows from how many came before, never
/// from what is in them, so that what is kept stands for the rest.
final class MovingThreshold: Sendable {
  private struct State {
    /// Traces a second, as far as is known; 0 before the first second is over.
    var expected = 0.0
    var began: Int64?
    var count = 0.0
  }

  private let rate: Double
  private let state = Monitor(State())
  private static let window = Nanoseconds.perSecond

  init(_ rate: Double) { self.rate = rate }

  /// The threshold for one more trace at `now`, in ns of any clock.
  func next(now: Int64) -> UInt64 {
    let coming = state.withLock { state -> Double in
      let began = state.began ?? now
      state.began = began
      let passed = max(0, now - began) / MovingThreshold.window
      if passed > 0 {
        state.expected = state.expected == 0 ? state.count : (state.expected + state.count) / 2
        // Seconds in which nothing came.
        for _ in 1..<min(max(passed, 1), 32) { state.expected /= 2 }
        state.count = 0
        state.began = began + passed * MovingThreshold.window
      }
      state.count += 1
      return max(state.expected, state.count)
    }
    return coming <= rate ? 0 : SamplingState.threshold(probability: rate / coming)
  }
}
