import OTLP
import Platform
import Relay

/// Puts spans together to requests of a bounded size, those that follow each other under one resource and scope where they
/// share it.
struct RequestBuilder: ~Copyable {
  private let maxItems: Int
  private let maxBytes: Int
  private var out = ByteBuffer(capacity: 1024)
  private var header: ScopeHeader?
  private var resourceMark = 0
  private var scopeMark = 0
  private(set) var items = 0
  /// Requests that are full.
  private var done: [(request: OwnedBytes, items: Int)] = []

  init(maxItems: Int, maxBytes: Int) {
    self.maxItems = maxItems
    self.maxBytes = maxBytes
  }

  /// Whether nothing was added since `take`.
  var isEmpty: Bool { items == 0 && done.isEmpty }

  mutating func append(_ span: ByteView, under header: ScopeHeader) {
    enter(header, room: span.count)
    out.appendField(2, bytes: span)
    items += 1
  }

  /// The same with a sampling threshold in the span's tracestate: the greater of `threshold` and its own.
  mutating func append(_ span: ByteView, under header: ScopeHeader, threshold: UInt64) {
    enter(header, room: span.count + 64)
    items += 1
    let start = out.count
    out.appendTag(2, .lengthDelimited)
    let mark = out.beginLengthDelimited(reserving: 2)
    do throws(WireError) {
      let traceState = try TraceState.appendRest(of: span, to: &out)
      let own = SamplingState(traceState)?.threshold ?? 0
      out.appendTag(3, .lengthDelimited)
      let inner = out.beginLengthDelimited(reserving: 1)
      SamplingState.write(threshold: max(own, threshold), over: traceState, into: &out)
      out.endLengthDelimited(inner, reserved: 1)
      out.endLengthDelimited(mark, reserved: 2)
    } catch {
      // What the receiver has checked can be read; else it goes on as it is.
      out.truncate(to: start)
      out.appendField(2, bytes: span)
    }
  }

  private mutating func enter(_ next: ScopeHeader, room: Int) {
    if items > 0, items >= maxItems || out.count + room + next.resource.count + next.scope.count > maxBytes { close() }
    if header === next { return }
    if let header {
      out.endLengthDelimited(scopeMark, reserved: 2)
      if header.resource != next.resource { out.endLengthDelimited(resourceMark, reserved: 3) }
    }
    if header?.resource != next.resource {
      out.appendTag(1, .lengthDelimited)
      resourceMark = out.beginLengthDelimited(reserving: 3)
      out.append(next.resource)
    }
    out.appendTag(2, .lengthDelimited)
    scopeMark = out.beginLengthDelimited(reserving: 2)
    out.append(next.scope)
    header = next
  }

  private mutating func close() {
    if header != nil {
      out.endLengthDelimited(scopeMark, reserved: 2)
      out.endLengthDelimited(resourceMark, reserved: 3)
    }
    header = nil
    guard items > 0 else { return }
    var taken = ByteBuffer(capacity: 1024)
    swap(&taken, &out)
    done.append((OwnedBytes(taken), items))
    items = 0
  }

  /// The requests so far; those that follow begin anew.
  mutating func take() -> [(request: OwnedBytes, items: Int)] {
    close()
    defer { done = [] }
    return done
  }
}

/// The tracestate of encoded spans.
enum TraceState {
  /// The tracestate of a span; empty without one. It is the third field in what every encoder writes.
  static func of(_ span: ByteView) throws(WireError) -> ByteView {
    var cursor = WireCursor(span)
    while let tag = try cursor.nextTag() {
      if tag == WireTag(field: 3, .lengthDelimited) { return try cursor.bytes() }
      try cursor.skip(tag)
    }
    return .empty
  }

  /// The random value of a trace and the greatest threshold that one of its spans has.
  struct Chance {
    var randomness: UInt64?
    var threshold: UInt64 = 0

    mutating func add(_ span: ByteView) {
      guard let traceState = try? TraceState.of(span), !traceState.isEmpty, let state = SamplingState(traceState)
      else { return }
      if randomness == nil { randomness = state.randomness }
      threshold = max(threshold, state.threshold ?? 0)
    }
  }

  /// Appends all fields of a span but its tracestate, which is returned; of several the last counts.
  static func appendRest(of span: ByteView, to out: inout ByteBuffer) throws(WireError) -> ByteView {
    var traceState = ByteView.empty
    var cursor = WireCursor(span)
    var start = cursor.position
    var copied = start
    while let tag = try cursor.nextTag() {
      if tag == WireTag(field: 3, .lengthDelimited) {
        traceState = try cursor.bytes()
        out.append(ByteView(start: copied, end: start))
        copied = cursor.position
      } else {
        try cursor.skip(tag)
      }
      start = cursor.position
    }
    out.append(ByteView(start: copied, end: cursor.position))
    return traceState
  }
}
