import Platform

/// A request without the spans, metrics or log records that are none, for when `RequestWalk` has found one, or that are
/// not asked for.
public struct ValidElements: ~Copyable {
  /// The request with what is left of it.
  public private(set) var message = ByteBuffer(capacity: 1024)
  /// Spans, data points or log records that are left out. A metric that cannot be read counts as one.
  public private(set) var rejected = 0
  /// Spans, metrics or log records that are left.
  public private(set) var kept = 0
  /// What is wrong with the first that is left out.
  public private(set) var firstError: WireError?
  private let check: ElementCheck
  private let signal: OTLPSignal
  private let range: Range<UInt64>?

  /// Throws where the request itself cannot be read, so that nothing of it can be saved.
  ///
  /// - Parameter range: where set, spans that start elsewhere (ns since 1970) are left out, too, and not counted.
  public init(
    of request: ByteView, signal: OTLPSignal, startingIn range: Range<UInt64>? = nil
  ) throws(WireError) {
    self.signal = signal
    self.range = range
    check = ElementCheck(signal)
    var resources = WireCursor(request)
    while let tag = try resources.nextTag() {
      guard tag == WireTag(field: 1, .lengthDelimited) else {
        if tag.field == 1 { throw .badWireType(field: 1) }
        try resources.skip(tag)
        continue
      }
      var kept = ByteBuffer(capacity: 1024)
      try copy(resources.bytes(), isScope: false, into: &kept)
      if !kept.isEmpty { message.appendField(1, bytes: kept.view) }
    }
  }

  /// Hands over the message.
  public mutating func takeMessage() -> ByteBuffer {
    var taken = ByteBuffer(capacity: 16)
    swap(&taken, &message)
    return taken
  }

  /// Copies the fields of a Resource… or Scope… message; nothing when no element is left in it.
  private mutating func copy(
    _ source: ByteView, isScope: Bool, into target: inout ByteBuffer
  ) throws(WireError) {
    var cursor = WireCursor(source)
    var isEmpty = true
    while true {
      let start = cursor.position
      guard let tag = try cursor.nextTag() else { break }
      guard tag == WireTag(field: 2, .lengthDelimited) else {
        if tag.field == 2 { throw .badWireType(field: 2) }
        try cursor.skip(tag)
        target.append(ByteView(start: start, end: cursor.position))
        continue
      }
      let inner = try cursor.bytes()
      if isScope {
        guard isValid(inner) else { continue }
        target.appendField(2, bytes: inner)
      } else {
        var kept = ByteBuffer(capacity: 1024)
        try copy(inner, isScope: true, into: &kept)
        if kept.isEmpty { continue }
        target.appendField(2, bytes: kept.view)
      }
      isEmpty = false
    }
    if isEmpty { target.removeAll() }
  }

  private mutating func isValid(_ element: ByteView) -> Bool {
    do throws(WireError) {
      if signal == .metrics { _ = try MetricData.countPoints(of: element, check) } else { try check.check(element) }
      if let range, signal == .traces, try !range.contains(SpanView(element).startTimeUnixNano) { return false }
      kept += 1
      return true
    } catch {
      rejected += 1
      if firstError == nil { firstError = error }
      return false
    }
  }
}
