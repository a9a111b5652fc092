import Libc

/// Values over time, each as a slot and a bucket of a logarithmic scale: two bytes a value.
struct Sketch {
  private var samples: [UInt16] = []
  /// From how many requests they are, by slot. Values of one request are alike.
  private var requests: [Float] = []
  private var lastRequest = -1

  /// Buckets to a doubling: a value is known to 9 %.
  private static let resolution = 8.0
  static let buckets = 512
  static let maximumSlots = 128

  var count: Int { samples.count }

  /// - Parameters:
  ///   - value: Nanoseconds, or thousandths of something else.
  ///   - request: Requests come one after the other.
  mutating func add(_ value: Int64, slot: Int, request: Int) {
    samples.append(UInt16(slot << 9 | Sketch.bucket(value)))
    guard request != lastRequest else { return }
    lastRequest = request
    if requests.count <= slot { requests.append(contentsOf: repeatElement(0, count: slot + 1 - requests.count)) }
    requests[slot] += 1
  }

  static func bucket(_ value: Int64) -> Int {
    guard value > 0 else { return 0 }
    return min(buckets - 1, 1 + Int(resolution * log2(Double(value))))
  }

  /// The middle of a bucket.
  static func value(_ bucket: Int) -> Double {
    bucket == 0 ? 0 : exp2((Double(bucket) - 0.5) / resolution)
  }

  /// All values as counts that any stretch of time can be taken from.
  func cumulative(slots: Int) -> CumulativeHistogram {
    var histogram = CumulativeHistogram(samples: samples, requests: requests, slots: slots)
    histogram.accumulate()
    return histogram
  }
}

/// How many values of each bucket came before each slot.
struct CumulativeHistogram {
  /// The lowest bucket that occurs.
  let low: Int
  let width: Int
  let slots: Int
  private var counts: [Float]
  private var requests: [Float]

  init(samples: [UInt16], requests: [Float], slots: Int) {
    var low = Sketch.buckets
    var high = 0
    for sample in samples {
      low = min(low, Int(sample & 511))
      high = max(high, Int(sample & 511))
    }
    self.low = min(low, high)
    width = max(1, high - self.low + 1)
    self.slots = slots
    counts = Array(repeating: 0, count: (slots + 1) * width)
    for sample in samples {
      let slot = min(slots - 1, Int(sample >> 9))
      counts[(slot + 1) * width + Int(sample & 511) - self.low] += 1
    }
    self.requests = Array(requests.prefix(slots)) + repeatElement(0, count: max(0, slots - requests.count))
  }

  /// How many requests the values between two slots are from.
  func requests(_ from: Int, _ to: Int) -> Double { ChangeTest.sum(requests, from..<to) }

  fileprivate mutating func accumulate() {
    for index in width..<counts.count { counts[index] += counts[index - width] }
  }

  /// The counts between two slots, by bucket from `low`.
  func histogram(_ from: Int, _ to: Int) -> DurationHistogram {
    var result = [Double](repeating: 0, count: width)
    for index in 0..<width { result[index] = Double(counts[to * width + index] - counts[from * width + index]) }
    return DurationHistogram(low: low, counts: result)
  }

  /// How many values between two slots are in `bucket` or above, and how many there are.
  func share(_ from: Int, _ to: Int, above bucket: Int) -> (hits: Double, total: Double) {
    var hits: Float = 0
    var total: Float = 0
    for index in 0..<width {
      let count = counts[to * width + index] - counts[from * width + index]
      total += count
      if low + index >= bucket { hits += count }
    }
    return (Double(hits), Double(total))
  }
}

/// Counts of values by bucket.
struct DurationHistogram {
  let low: Int
  var counts: [Double]

  var total: Double { counts.reduce(0, +) }

  func mean(_ value: (Double) -> Double) -> Double {
    var sum = 0.0
    var total = 0.0
    for (index, count) in counts.enumerated() where count > 0 {
      sum += count * value(Sketch.value(low + index))
      total += count
    }
    return total > 0 ? sum / total : 0
  }

  /// The bucket below which `share` of the values lie.
  func quantile(_ share: Double) -> Int {
    let wanted = total * share
    var seen = 0.0
    for (index, count) in counts.enumerated() {
      seen += count
      if seen >= wanted, count > 0 { return low + index }
    }
    return low + counts.count - 1
  }
}
