import OTLP

/// What the receivers have done, by signal and transport.
final class ReceiverCounters: Sendable {
  /// One row of the counts.
  final class Row: Sendable {
    let acceptedRequests = Counter()
    let acceptedItems = Counter()
    let acceptedBytes = Counter()
    /// Requests by the kind of refusal, in the order of `Refusal.Kind.allCases`.
    let refusedRequests = Refusal.Kind.allCases.map { _ in Counter() }
    let refusedItems = Counter()
  }

  private let rows = (0..<OTLPSignal.allCases.count * RequestSource.Transport.allCases.count).map { _ in Row() }
  /// Refused before their signal was known.
  let unrouted = RequestSource.Transport.allCases.map { _ in Row() }
  /// Seconds from a request's first byte to its reply.
  let duration = Histogram.seconds()

  func row(_ signal: OTLPSignal, _ transport: RequestSource.Transport) -> Row {
    rows[signal.index * RequestSource.Transport.allCases.count + transport.rawValue]
  }

  func accepted(_ source: RequestSource, items: Int, bytes: Int) {
    let row = row(source.signal, source.transport)
    row.acceptedRequests.add(1)
    row.acceptedItems.add(items)
    row.acceptedBytes.add(bytes)
  }

  func refused(_ refusal: Refusal, signal: OTLPSignal?, transport: RequestSource.Transport, items: Int = 0) {
    let row = signal.map { self.row($0, transport) } ?? unrouted[transport.rawValue]
    row.refusedRequests[refusal.kind.rawValue].add(1)
    row.refusedItems.add(items)
  }

  /// Items that were left out of a request of which the rest was accepted.
  func rejected(_ source: RequestSource, items: Int) { row(source.signal, source.transport).refusedItems.add(items) }

  /// Requests refused over all signals and transports.
  var refusedRequests: Int {
    (rows + unrouted).reduce(0) { sum, row in row.refusedRequests.reduce(sum) { $0 + $1.value } }
  }

  /// Items accepted over all transports.
  func acceptedItems(_ signal: OTLPSignal) -> Int {
    RequestSource.Transport.allCases.reduce(0) { $0 + row(signal, $1).acceptedItems.value }
  }
}
