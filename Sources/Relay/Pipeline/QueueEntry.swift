/// A payload that waits for a destination.
struct QueueEntry: Sendable {
  /// `nil` while it is on disk only.
  let payload: Payload?
  /// Its row in the durable queue.
  let row: Int64?
  let items: Int
  /// What it counts against the queue's bound.
  let bytes: Int
  /// Bytes of the protobuf message, which count against a batch's.
  let plainSize: Int
  /// When it was accepted, in monotonic ns.
  let accepted: Int64
  /// Wants to know what becomes of it.
  let tracker: DeliveryTracker?
  /// Since when it could not be delivered, in monotonic ns, where it is tried anew.
  var failingSince: Int64?

  init(_ payload: Payload, row: Int64? = nil, tracker: DeliveryTracker? = nil) {
    self.payload = payload
    self.row = row
    self.tracker = tracker
    items = payload.items
    bytes = payload.heldBytes
    plainSize = payload.plainSize
    accepted = payload.accepted
  }

  /// One that is on disk only.
  init(row: Int64, items: Int, bytes: Int, plainSize: Int, accepted: Int64) {
    payload = nil
    self.row = row
    self.items = items
    self.bytes = bytes
    self.plainSize = plainSize
    self.accepted = accepted
    tracker = nil
  }
}
