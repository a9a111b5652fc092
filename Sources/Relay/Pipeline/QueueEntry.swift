/// Requests that wait for a destination together: one, or what shares rows of the durable queue.
struct QueueEntry: Sendable {
  /// Empty while they are on disk only.
  let payloads: [Payload]
  /// Their rows in the durable queue.
  let rows: ClosedRange<Int64>?
  /// The row before, among those that were given to this destination in order.
  let previousRow: Int64?
  let requests: Int
  let items: Int
  /// What they count against the queue's bound.
  let bytes: Int
  /// Bytes of the protobuf messages, which count against a batch's.
  let plainSize: Int
  /// When the first was accepted, in monotonic ns.
  let accepted: Int64
  /// Wants to know what becomes of them.
  let tracker: (any DeliveryObserver)?
  /// Since when it could not be delivered, in monotonic ns, where it is tried anew.
  var failingSince: Int64?

  init(_ payload: Payload, tracker: (any DeliveryObserver)? = nil) {
    payloads = [payload]
    rows = nil
    previousRow = nil
    self.tracker = tracker
    requests = 1
    items = payload.items
    bytes = payload.heldBytes
    plainSize = payload.plainSize
    accepted = payload.accepted
  }

  /// - Parameter isInMemory: whether the requests themselves are kept, besides those on disk.
  init(_ payloads: [Payload], rows: ClosedRange<Int64>, isInMemory: Bool, previousRow: Int64? = nil) {
    self.init(
      rows: rows, requests: payloads.count, items: payloads.reduce(0) { $0 + $1.items },
      bytes: payloads.reduce(0) { $0 + $1.heldBytes }, plainSize: payloads.reduce(0) { $0 + $1.plainSize },
      accepted: payloads.reduce(.max) { min($0, $1.accepted) }, previousRow: previousRow,
      payloads: isInMemory ? payloads : [])
  }

  /// One that is on disk only, unless there are `payloads`.
  init(
    rows: ClosedRange<Int64>, requests: Int, items: Int, bytes: Int, plainSize: Int, accepted: Int64,
    previousRow: Int64? = nil, payloads: [Payload] = []
  ) {
    self.payloads = payloads
    self.rows = rows
    self.previousRow = previousRow
    self.requests = requests
    self.items = items
    self.bytes = bytes
    self.plainSize = plainSize
    self.accepted = accepted
    tracker = nil
  }

  /// This and `next` as one, where both are on disk only, no row of this destination lies between them, and the whole is
  /// not too large: what lies on disk should take next to no memory.
  func merged(with next: QueueEntry, within limit: PackLimit) -> QueueEntry? {
    guard payloads.isEmpty, next.payloads.isEmpty, let rows, let nextRows = next.rows,
      next.previousRow == rows.upperBound, failingSince == next.failingSince,
      limit.holds(items: items + next.items, bytes: bytes + next.bytes, plainSize: plainSize + next.plainSize)
    else { return nil }
    return QueueEntry(
      rows: rows.lowerBound...max(rows.upperBound, nextRows.upperBound), requests: requests + next.requests,
      items: items + next.items, bytes: bytes + next.bytes, plainSize: plainSize + next.plainSize,
      accepted: min(accepted, next.accepted), previousRow: previousRow)
  }
}

/// How much may be handled as one entry: several of them still fill a batch well.
struct PackLimit: Sendable {
  let items: Int
  let plainSize: Int
  static let bytes = 256 << 10

  init(_ settings: PipelineSettings) {
    items = settings.batchItems / 4
    plainSize = settings.batchBytes / 4
  }

  func holds(items: Int, bytes: Int, plainSize: Int) -> Bool {
    items <= self.items && bytes <= PackLimit.bytes && plainSize <= self.plainSize
  }
}
