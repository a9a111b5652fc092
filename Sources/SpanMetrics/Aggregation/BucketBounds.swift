/// Upper bounds of a histogram's buckets as integers, so that finding a value's bucket needs no floating point.
///
/// Invariant: `bounds` holds `size` ascending values, `size` a power of two; those past the real bounds are the largest
/// integer, so that the search needs no check.
struct BucketBounds: ~Copyable {
  /// Buckets, the last (+Inf) included.
  let count: Int
  private let bounds: UnsafeMutablePointer<UInt64>
  private let size: Int

  /// - Parameters:
  ///   - limits: upper bounds, inclusive, ascending.
  ///   - scale: how many integer units one unit of `limits` has (1e9 for seconds counted in ns).
  init(_ limits: [Double], scale: Double) {
    count = limits.count + 1
    var size = 1
    while size < count { size *= 2 }
    self.size = size
    bounds = .allocate(capacity: size)
    bounds.initialize(repeating: .max, count: size)
    for (index, limit) in limits.enumerated() { bounds[index] = Self.largest(notAbove: limit, scale: scale) }
  }

  deinit { bounds.deallocate() }

  /// The largest integer that, divided by `scale`, is still `limit` or less: what comparing in floating point, as
  /// others do, would find.
  private static func largest(notAbove limit: Double, scale: Double) -> UInt64 {
    var value = UInt64(exactly: (limit * scale).rounded(.down)) ?? .max - 1
    while value > 0 && Double(value) / scale > limit { value -= 1 }
    while value < .max - 1 && Double(value + 1) / scale <= limit { value += 1 }
    return value
  }

  /// The bucket of `value`: how many bounds are below it. No branch depends on the value.
  @inline(__always)
  func bucket(of value: UInt64) -> Int {
    var base = 0
    var half = size
    while half > 1 {
      half /= 2
      base = bounds[base &+ half &- 1] < value ? base &+ half : base
    }
    return base
  }
}
