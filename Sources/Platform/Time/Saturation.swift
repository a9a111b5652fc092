extension FixedWidthInteger {
  /// The sum, held at the ends of the range. For numbers that came from outside.
  @inlinable
  public func addingSaturating(_ other: Self) -> Self {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }

  /// The difference, held at the ends of the range.
  @inlinable
  public func subtractingSaturating(_ other: Self) -> Self {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? (other < 0 ? .max : .min) : difference
  }

  /// The product, held at the ends of the range.
  @inlinable
  public func multipliedSaturating(by other: Self) -> Self {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
  }
}

extension FixedWidthInteger {
  /// The nearest whole number in range; 0 for what is not a number.
  @inlinable
  public init(saturating number: Double) {
    if number.isNaN {
      self = 0
    } else {
      self = Self(exactly: number.rounded()) ?? (number < 0 ? .min : .max)
    }
  }
}
