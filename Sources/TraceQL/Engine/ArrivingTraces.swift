public import OTLP
import Platform

/// Spans that arrive one after the other, put together to traces: a trace is given out when nothing has come for it for a
/// while. One thread only.
public struct ArrivingTraces {
  private final class Waiting {
    /// OTLP requests, one behind the other, which together are one.
    var request = ByteBuffer(capacity: 512)
    /// When its last span came, ns on the clock of the caller.
    var last = Int64.min
  }

  private var waiting: [[UInt8]: Waiting] = [:]
  /// Traces in the order in which something came for them; those that something came for later stand here again.
  private var order: [(trace: [UInt8], time: Int64)] = []
  private var first = 0
  /// How many bytes are waiting.
  public private(set) var bytes = 0

  public init() {}

  /// How many traces are waiting.
  public var count: Int { waiting.count }

  /// Takes in the spans of a request.
  public mutating func add(_ request: RequestView, at time: Int64) throws(WireError) {
    var resources = request.resourceSpans
    while let resource = try resources.next() {
      var scopes = resource.scopeSpans
      while let scope = try scopes.next() {
        // Spans of a trace stand beside each other more often than not.
        var group: (trace: [UInt8], spans: [ByteView])?
        var spans = scope.spans
        while let span = try spans.next() {
          if let known = group, known.trace.withByteView({ $0 == span.traceID }) {
            group?.spans.append(span.bytes)
            continue
          }
          if let group { put(group.spans, of: group.trace, resource.resource, scope.scope, at: time) }
          group = ([UInt8](span.traceID), [span.bytes])
        }
        if let group { put(group.spans, of: group.trace, resource.resource, scope.scope, at: time) }
      }
    }
  }

  private mutating func put(
    _ spans: [ByteView], of trace: [UInt8], _ resource: ResourceView, _ scope: ScopeView, at time: Int64
  ) {
    let entry = waiting[trace] ?? Waiting()
    let before = entry.request.count
    entry.request.appendField(1) { resourceSpans in
      resourceSpans.appendField(1, bytes: resource.bytes)
      resourceSpans.appendField(2) { scopeSpans in
        if !scope.bytes.isEmpty { scopeSpans.appendField(1, bytes: scope.bytes) }
        for span in spans { scopeSpans.appendField(2, bytes: span) }
      }
    }
    bytes += entry.request.count - before
    if entry.last != time { order.append((trace, time)) }
    entry.last = time
    waiting[trace] = entry
  }

  /// Takes out the trace that something came for least recently, if that is not later than `time`; as an OTLP request.
  public mutating func next(restingSince time: Int64) -> [UInt8]? {
    while first < order.count, order[first].time <= time {
      let (trace, came) = order[first]
      first += 1
      if first > 1_024, first * 2 > order.count {
        order.removeFirst(first)
        first = 0
      }
      guard let entry = waiting[trace], entry.last == came else { continue }
      waiting[trace] = nil
      bytes -= entry.request.count
      return [UInt8](entry.request.view)
    }
    return nil
  }
}
