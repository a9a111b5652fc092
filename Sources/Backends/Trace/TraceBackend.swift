public import Platform

/// A search for traces.
public struct TraceSearchRequest: Sendable {
  /// TraceQL.
  public var query: String
  public var start: Timestamp?
  public var end: Timestamp?
  /// The most traces in the answer; 0 for all.
  public var limit: Int
  /// The most spans in each spanset of the answer.
  public var spansPerSet: Int

  public init(query: String, start: Timestamp? = nil, end: Timestamp? = nil, limit: Int = 20, spansPerSet: Int = 3) {
    self.query = query
    self.start = start
    self.end = end
    self.limit = limit
    self.spansPerSet = spansPerSet
  }
}

/// A metrics query over traces.
public struct TraceMetricsRequest: Sendable {
  /// TraceQL that ends in a metrics function.
  public var query: String
  public var start: Timestamp
  public var end: Timestamp
  /// Nanoseconds between samples; nil asks for one value over the whole range.
  public var step: Int64?

  public init(query: String, start: Timestamp, end: Timestamp, step: Int64?) {
    self.query = query
    self.start = start
    self.end = end
    self.step = step
  }
}

/// A store of traces that can be asked in TraceQL.
///
/// Answers have the shape of Tempo's, whatever the backend, as JSON bytes: what Tempo sends is handed through untouched.
/// Implementations are not thread-safe: one per thread.
public protocol TraceBackend: AnyObject {
  /// Takes pieces of an answer; false ends the exchange.
  typealias Sink = (UnsafeRawBufferPointer) -> Bool

  /// Limits of what the backend sends: deadline, size, cancellation. Its `shortfall` tells whether an answer is whole.
  var client: BackendClient { get }

  /// `{"traces":[…],"metrics":{…}}`.
  func search(_ request: TraceSearchRequest, into sink: Sink) throws(BackendError)

  /// One trace as OTLP protobuf (TracesData); nil when the backend has none of that id. Start and end are hints where
  /// to look.
  func trace(_ id: String, start: Timestamp?, end: Timestamp?) throws(BackendError) -> [UInt8]?

  /// One trace as the backend's own JSON; false when there is none of that id.
  func traceJSON(_ id: String, start: Timestamp?, end: Timestamp?, into sink: Sink) throws(BackendError) -> Bool

  /// `{"scopes":[{"name":…,"tags":[…]}]}`; only of the spans that a query matches when there is one.
  func tagNames(matching query: String?, start: Timestamp?, end: Timestamp?, into sink: Sink) throws(BackendError)

  /// `{"tagValues":[{"type":…,"value":…}]}`. `tag` is written as in TraceQL: `resource.service.name`, `name`.
  func tagValues(
    _ tag: String, matching query: String?, start: Timestamp?, end: Timestamp?, into sink: Sink
  ) throws(BackendError)

  /// `{"series":[…]}`.
  func metrics(_ request: TraceMetricsRequest, into sink: Sink) throws(BackendError)
}

extension TraceBackend {
  /// A search's answer, read.
  public func search(_ request: TraceSearchRequest) throws(BackendError) -> [TraceSummary] {
    var body: [UInt8] = []
    let limit = client.maximumResponse
    try search(request) { bytes in
      guard bytes.count <= limit - body.count else { return false }
      body.append(contentsOf: bytes)
      return true
    }
    return try TraceSummary.read(client.parse(body), client)
  }
}
