import Libc

/// How likely chance alone makes two runs differ as they do.
///
/// The traces of both runs are put into one bag and dealt out again, a thousand times: what differs then differs by chance.
/// Whole traces are dealt, since spans of one trace are alike. For each operation and measure the difference is taken in
/// standard deviations, and what a change is judged by is the largest such difference anywhere in each deal: however many
/// operations there are, chance is taken for a change in one comparison of a hundred and no more (Westfall and Young's
/// maxT).
struct Resampling {
  struct Outcome: Sendable {
    /// In how many deals anything at all differed at least as much.
    var probability: Double
    var isUp: Bool
  }

  /// Of each operation by measure.
  private(set) var outcomes: [ServiceOperation: [RunComparison.Measure: Outcome]] = [:]

  static let deals = 999
  /// More traces of a run tell nothing more, and cost time; these are evenly spread over it.
  static let mostTraces = 1_000

  /// What is summed over the traces of a run: calls, errors beyond the expected, logarithms of durations, durations in the
  /// upper tenth beyond the expected, logarithms of own times.
  private static let width = 5
  private static let measures: [RunComparison.Measure] = [.calls, .errors, .duration, .duration, .ownTime]

  /// What traces add to the sums of operations: those of trace `i` are `bounds[i]..<bounds[i + 1]`.
  private struct Entries {
    var bounds: [Int] = [0]
    var operations: [Int] = []
    /// `width` for each.
    var values: [Float] = []

    /// Adds up what some traces add.
    func sum(_ traces: some Sequence<Int>, into sums: inout [Float]) {
      bounds.withUnsafeBufferPointer { bounds in
        operations.withUnsafeBufferPointer { operations in
          values.withUnsafeBufferPointer { values in
            sums.withUnsafeMutableBufferPointer { sums in
              for trace in traces {
                var entry = bounds[trace]
                let end = bounds[trace &+ 1]
                while entry < end {
                  let (to, from) = (operations[entry] &* width, entry &* width)
                  sums[to] += values[from]
                  sums[to &+ 1] += values[from &+ 1]
                  sums[to &+ 2] += values[from &+ 2]
                  sums[to &+ 3] += values[from &+ 3]
                  sums[to &+ 4] += values[from &+ 4]
                  entry &+= 1
                }
              }
            }
          }
        }
      }
    }
  }

  private struct Sample {
    var operation: Int
    var trace: Int
    var isError: Bool
    var duration: Int64
    var ownTime: Int64
  }

  init(_ before: OperationRecording, _ after: OperationRecording, _ operations: [ServiceOperation]) {
    let numbers = Dictionary(uniqueKeysWithValues: operations.enumerated().map { ($1, $0) })
    var samples: [Sample] = []
    let old = Resampling.take(before, numbers, firstTrace: 0, into: &samples)
    let new = Resampling.take(after, numbers, firstTrace: old, into: &samples)
    let entries = Resampling.entries(samples, operations: operations.count, traces: old + new)
    let size = operations.count * Resampling.width
    // Mean and variance of a sum over traces drawn without putting back.
    var total = [Float](repeating: 0, count: size)
    var squares = total
    for (entry, operation) in entries.operations.enumerated() {
      for channel in 0..<Resampling.width {
        let value = entries.values[entry * Resampling.width + channel]
        total[operation * Resampling.width + channel] += value
        squares[operation * Resampling.width + channel] += value * value
      }
    }
    let (count, drawn) = (Float(old + new), Float(new))
    let factor = drawn * Float(old) / (count * (count - 1))
    let expected = total.map { $0 / count * drawn }
    let scale = zip(total, squares).map { total, squares in
      let variance = factor * (squares - total / count * total)
      return variance > 1e-6 ? 1 / variance.squareRoot() : 0
    }
    var sums = [Float](repeating: 0, count: size)
    entries.sum(old..<(old + new), into: &sums)
    let observed = sums.indices.map { (sums[$0] - expected[$0]) * scale[$0] }
    var order = Array(0..<(old + new))
    var random = Dealer()
    var largest: [Float] = []
    for _ in 0..<Resampling.deals {
      for place in 0..<new { order.swapAt(place, place + random.below(order.count - place)) }
      for place in sums.indices { sums[place] = 0 }
      entries.sum(order[..<new], into: &sums)
      var most: Float = 0
      for place in sums.indices { most = max(most, abs(sums[place] - expected[place]) * scale[place]) }
      largest.append(most)
    }
    largest.sort()
    for (number, operation) in operations.enumerated() {
      for (channel, measure) in Resampling.measures.enumerated() {
        let difference = observed[number * Resampling.width + channel]
        let beyond = largest.count - largest.partitioningIndex { $0 >= abs(difference) - 1e-4 }
        let outcome = Outcome(
          probability: Double(beyond + 1) / Double(Resampling.deals + 1), isUp: difference > 0)
        if let known = outcomes[operation]?[measure], known.probability <= outcome.probability { continue }
        outcomes[operation, default: [:]][measure] = outcome
      }
    }
  }

  /// The calls of a run's traces, or of as many of them as are looked at; how many traces these are.
  private static func take(
    _ recording: OperationRecording, _ numbers: [ServiceOperation: Int], firstTrace: Int, into samples: inout [Sample]
  ) -> Int {
    let operations = recording.operations.map { numbers[$0] ?? 0 }
    let all = recording.traces
    let most = min(all, mostTraces)
    for call in recording.calls {
      let trace = Int(call.trace)
      // Trace `i` is the first of its share where the share's number changes.
      let share = trace * most / max(1, all)
      if trace > 0, (trace - 1) * most / all == share { continue }
      samples.append(
        Sample(
          operation: operations[Int(call.operation)], trace: firstTrace + share, isError: call.isError,
          duration: call.duration, ownTime: call.ownTime))
    }
    return most
  }

  /// What each trace adds.
  private static func entries(_ samples: [Sample], operations: Int, traces: Int) -> Entries {
    var byOperation = [[Int]](repeating: [], count: operations)
    for (index, sample) in samples.enumerated() { byOperation[sample.operation].append(index) }
    var values = [Float](repeating: 0, count: samples.count * width)
    for members in byOperation where !members.isEmpty {
      let errors = Float(members.count { samples[$0].isError }) / Float(members.count)
      let durations = logarithms(members) { samples[$0].duration }
      let ownTimes = logarithms(members) { samples[$0].ownTime }
      var sorted = members.map { samples[$0].duration }
      let limit = sorted.quantile(90)
      let upper = members.map { samples[$0].duration > limit ? Float(1) : 0 }
      let expected = upper.reduce(0, +) / Float(members.count)
      for (place, member) in members.enumerated() {
        values[member * width] = 1
        values[member * width + 1] = (samples[member].isError ? 1 : 0) - errors
        values[member * width + 2] = durations[place]
        values[member * width + 3] = upper[place] - expected
        values[member * width + 4] = ownTimes[place]
      }
    }
    var entries = Entries()
    var places = [Int](repeating: -1, count: operations)
    var next = 0
    for trace in 0..<traces {
      let first = entries.operations.count
      while next < samples.count, samples[next].trace == trace {
        let operation = samples[next].operation
        if places[operation] < first {
          places[operation] = entries.operations.count
          entries.operations.append(operation)
          entries.values += values[(next * width)..<((next + 1) * width)]
        } else {
          for channel in 0..<width {
            entries.values[places[operation] * width + channel] += values[next * width + channel]
          }
        }
        next += 1
      }
      entries.bounds.append(entries.operations.count)
    }
    return entries
  }

  /// Times as logarithms, less their mean: a change by a fifth is the same change at 1 ms and at 1 s. Below 1 µs clocks
  /// tell nothing.
  private static func logarithms(_ members: [Int], _ value: (Int) -> Int64) -> [Float] {
    let logarithms = members.map { Float(log(Double(max(1_000, value($0))))) }
    let mean = logarithms.reduce(0, +) / Float(members.count)
    return logarithms.map { $0 - mean }
  }
}

/// Deals the same way every time, so that the same input gives the same answer.
private struct Dealer {
  private var state: UInt64 = 0x5EED

  /// A number below `bound`, by SplitMix64.
  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed >> 31
    return Int(truncatingIfNeeded: mixed.multipliedFullWidth(by: UInt64(bound)).high)
  }
}

extension Array<Float> {
  /// The first place from which on a condition holds, of an array in which it holds for the end.
  fileprivate func partitioningIndex(where holds: (Float) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low + (high - low) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
