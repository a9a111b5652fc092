public import Platform
public import TraceQL
import Transport

/// A store of traces without TraceQL.
///
/// What it can search by is asked of it, and the query is evaluated here on the traces it returns, so that answers are the
/// same as Tempo's as long as the store does not have to leave traces out.
public protocol ForeignBackend: TraceBackend {
  /// Its name in messages.
  static var name: String { get }

  /// The traces between `start` and `end` that may match `query`, at most `limit`, as OTLP protobuf (TracesData).
  func candidates(_ query: Query, start: Timestamp, end: Timestamp, limit: Int) throws(BackendError) -> [UInt8]

  /// The most traces it gives for one search, once it has said so.
  var mostTraces: Int? { get }

  /// One trace as OTLP protobuf (TracesData), by its id of 32 digits; nil or empty when there is none.
  func trace(padded id: String) throws(BackendError) -> [UInt8]?

  /// Names of all services.
  func services() throws(BackendError) -> [String]

  /// Names of the spans of a service.
  func operations(of service: String) throws(BackendError) -> [String]
}

/// The most traces asked for when a query is evaluated here.
private let maximumTraces = 1500

extension ForeignBackend {
  public func search(_ request: TraceSearchRequest, into sink: Sink) throws(BackendError) {
    let query = try LocalEvaluation.parse(request.query)
    var search = CandidateSearch(query, request, limit: maximumTraces)
    while let window = search.next() {
      let traces = try candidates(query, start: window.start, end: window.end, limit: search.limit)
      try search.take(traces, of: window, most: mostTraces, client)
    }
    client.note(shortfall: search.shortfall(Self.name))
    TraceAnswer.send(search.answer, to: sink)
  }

  public func metrics(_ request: TraceMetricsRequest, into sink: Sink) throws(BackendError) {
    let query = try LocalEvaluation.parse(request.query)
    let traces = try candidates(query, start: request.start, end: request.end, limit: maximumTraces)
    let most = min(mostTraces ?? maximumTraces, maximumTraces)
    guard try TraceAnswer.traceCount(traces, client) < most else {
      throw .notSupported(
        "\(most) traces or more match, which \(Self.name) has to send one by one: narrow the query")
    }
    try TraceAnswer.send(LocalEvaluation.metrics(query, request, otlp: traces), to: sink)
  }

  public func trace(_ id: String, start: Timestamp? = nil, end: Timestamp? = nil) throws(BackendError) -> [UInt8]? {
    guard let padded = TraceIDText.padded(id) else { throw .query("\(ErrorMessage.line(id)) is no trace id") }
    guard let otlp = try trace(padded: padded), !otlp.isEmpty else { return nil }
    return otlp
  }

  public func traceJSON(
    _ id: String, start: Timestamp? = nil, end: Timestamp? = nil, into sink: Sink
  ) throws(BackendError) -> Bool {
    guard let otlp = try trace(id, start: start, end: end) else { return false }
    try TraceAnswer.send(TraceAnswer.json(otlp, client), to: sink)
    return true
  }

  public func tagNames(
    matching query: String? = nil, start: Timestamp? = nil, end: Timestamp? = nil, into sink: Sink
  ) throws(BackendError) {
    throw .notSupported("\(Self.name) does not list attributes; ask for the values of resource.service.name or name")
  }

  public func tagValues(
    _ tag: String, matching query: String? = nil, start: Timestamp? = nil, end: Timestamp? = nil, into sink: Sink
  ) throws(BackendError) {
    guard query == nil else {
      throw .notSupported("\(Self.name) lists values of all spans, not of those that a query matches")
    }
    switch tag {
    case "resource.service.name", ".service.name", "service.name":
      try TraceAnswer.send(TraceAnswer.tagValues(services()), to: sink)
    case "name", "span:name":
      var names: Set<String> = []
      for service in try services() { names.formUnion(try operations(of: service)) }
      TraceAnswer.send(TraceAnswer.tagValues(names.sorted()), to: sink)
    default:
      throw .notSupported("\(Self.name) lists the values of resource.service.name and name only")
    }
  }
}
