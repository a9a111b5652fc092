/// Takes what the receivers have accepted.
protocol Intake: Sendable {
  /// Whether some destination takes gzip members as they came.
  var wantsGzip: Bool { get }
  /// Whether some destination needs the message itself even where gzip members have come.
  var wantsPlain: Bool { get }

  /// Takes `payloads`, the parts of one request, all or none of them. The reply is given to `ticket` later when `nil` is
  /// returned, and is the result otherwise.
  func take(_ payloads: [Payload], ticket: Ticket) -> Reply?

  /// Called several times a second, with the monotonic time in ns.
  func tick(_ now: Int64)
}
