import OTLP

/// What a relay has done, in numbers of spans, data points and log records.
public struct RelayReport: Sendable {
  public struct Line: Sendable {
    public let signal: OTLPSignal
    /// The destination, without credentials.
    public let destination: String
    public let sent: Int
    /// Acknowledged by the destination, which will not keep them.
    public let rejected: Int
    public let retries: Int
    public let deadLettered: Int
    /// Accepted and then not delivered, nor kept anywhere.
    public let lost: Int
    /// Still in the durable queue.
    public let waiting: Int
  }

  /// Taken from clients, by signal, where there were any.
  public let accepted: [(signal: OTLPSignal, items: Int)]
  /// Requests that were refused.
  public let refusedRequests: Int
  public let lines: [Line]
  /// Spans that a stage did not let on.
  public let droppedByStage: Int
  /// Spans on disk of which a stage has not said yet whether they go on.
  public let undecided: Int
  private let hasReceivers: Bool

  /// - Parameter queue: where what the destinations' queues hold now is kept.
  init(
    _ destinations: [Destination], receivers: ReceiverCounters? = nil, queue: DurableQueue? = nil,
    stage: (any TraceStage)? = nil
  ) {
    droppedByStage = stage?.droppedItems ?? 0
    undecided = stage?.undecided.items ?? 0
    accepted = OTLPSignal.allCases.map { ($0, receivers?.acceptedItems($0) ?? 0) }.filter { $0.1 > 0 }
    refusedRequests = receivers?.refusedRequests ?? 0
    hasReceivers = receivers != nil
    lines = destinations.map { destination in
      let counters = destination.counters
      let left = destination.queue.items
      return Line(
        signal: destination.signal, destination: destination.target.name, sent: counters.sentItems.value,
        rejected: counters.rejectedItems.value, retries: counters.retries.value,
        deadLettered: counters.deadLetterItems.value,
        lost: counters.lostItems.value + counters.overflowItems.value + (queue == nil ? left : 0),
        waiting: queue.map { left + $0.keptItems(of: destination) } ?? 0)
    }
  }

  /// Whether everything that was accepted is with its destinations.
  public var isComplete: Bool { losesNothing && undecided == 0 && lines.allSatisfy { $0.waiting == 0 } }

  /// Whether everything that was accepted is with its destinations or in the durable queue.
  public var losesNothing: Bool { lines.allSatisfy { $0.lost == 0 && $0.deadLettered == 0 } }

  /// One line.
  public var summary: String {
    var parts = accepted.map { "accepted \($0.signal.items($0.items))" }
    if accepted.isEmpty, hasReceivers { parts.append("accepted nothing") }
    if refusedRequests > 0 { parts.append("refused \(refusedRequests) requests") }
    if droppedByStage > 0 { parts.append("\(OTLPSignal.traces.items(droppedByStage)) dropped by the policy") }
    if undecided > 0 { parts.append("\(OTLPSignal.traces.items(undecided)) undecided in the queue") }
    for line in lines {
      var text = "\(line.destination): \(line.signal.items(line.sent)) sent"
      if line.rejected > 0 { text += ", \(line.rejected) rejected" }
      if line.retries > 0 { text += ", \(line.retries) retries" }
      if line.deadLettered > 0 { text += ", \(line.deadLettered) dead-lettered" }
      if line.lost > 0 { text += ", \(line.lost) \(hasReceivers ? "lost" : "not delivered")" }
      if line.waiting > 0 { text += ", \(line.waiting) waiting in the queue" }
      parts.append(text)
    }
    return parts.joined(separator: "; ")
  }
}
