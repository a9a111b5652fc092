import OTLP

/// The relay's own metrics in the Prometheus text format.
struct MetricsPage {
  private(set) var text = ""

  private let names: MetricNames

  init(
    receivers: ReceiverCounters, refusedConnections: Int, destinations: [Destination], queue: DurableQueue?,
    more: [StageMetric] = [], names: MetricNames = .ongrid
  ) {
    self.names = names
    if names == .otelcol { writeCollectorNames(receivers, destinations) }
    writeReceivers(receivers, refusedConnections)
    writeDestinations(destinations) { queue?.keptItems(of: $0) ?? 0 }
    if let queue { write(queue) }
    for metric in more {
      family(metric.name, metric.type, metric.help)
      for (labels, value) in metric.samples { sample(metric.name, labels, "\(value)") }
    }
  }

  private mutating func write(_ queue: DurableQueue) {
    let counters = queue.counters
    let values: [(String, String, String, Int)] = [
      ("ongrid_relay_queue_file_bytes", "gauge", "Bytes of the queue's file.", counters.fileBytes.value),
      ("ongrid_relay_queue_usable", "gauge", "1 while requests can be kept on disk.", queue.isReady ? 1 : 0),
      ("ongrid_relay_queue_damages_total", "counter", "Queue files that were damaged.", counters.damages.value),
      (
        "ongrid_relay_queue_salvaged_items_total", "counter", "Items read from damaged files.",
        counters.salvagedItems.value
      ),
      (
        "ongrid_relay_queue_damaged_items_total", "counter", "Items in damaged files that could not be read.",
        counters.damagedItems.value
      ),
    ]
    for (name, type, help, value) in values {
      family(name, type, help)
      sample(name, [], "\(value)")
    }
  }

  mutating func family(_ name: String, _ type: String, _ help: String) {
    if isLeftOut(name) { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  /// Whether the collector's names have said it already.
  private func isLeftOut(_ name: String) -> Bool { names == .otelcol && MetricsPage.collectorHas.contains(name) }

  mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
    if isLeftOut(name) { return }
    text += name
    if !labels.isEmpty {
      let list = labels.map { "\($0.0)=\"\(MetricsPage.escape($0.1))\"" }
      text += "{" + list.joined(separator: ",") + "}"
    }
    text += " \(value)\n"
  }

  private static func escape(_ value: String) -> String {
    var escaped = ""
    for character in value {
      switch character {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.append(character)
      }
    }
    return escaped
  }

  private mutating func writeReceivers(_ receivers: ReceiverCounters, _ refusedConnections: Int) {
    typealias Row = ReceiverCounters.Row
    let counts: [(String, String, (Row) -> Int)] = [
      ("ongrid_relay_accepted_requests_total", "Requests taken from clients.", { $0.acceptedRequests.value }),
      (
        "ongrid_relay_accepted_items_total", "Spans, data points or log records taken from clients.",
        { $0.acceptedItems.value }
      ),
      ("ongrid_relay_accepted_bytes_total", "Bytes of the bodies taken, as they came.", { $0.acceptedBytes.value }),
      (
        "ongrid_relay_refused_items_total", "Items of requests that were refused after they were counted.",
        { $0.refusedItems.value }
      ),
    ]
    for (name, help, value) in counts {
      family(name, "counter", help)
      for signal in OTLPSignal.allCases {
        for transport in RequestSource.Transport.allCases {
          let row = receivers.row(signal, transport)
          sample(name, [("signal", signal.rawValue), ("transport", transport.name)], "\(value(row))")
        }
      }
    }
    let name = "ongrid_relay_refused_requests_total"
    family(name, "counter", "Requests that were refused, by reason.")
    for transport in RequestSource.Transport.allCases {
      let rows =
        OTLPSignal.allCases.map { ($0.rawValue, receivers.row($0, transport)) }
        + [("unknown", receivers.unrouted[transport.rawValue])]
      for (signal, row) in rows {
        for kind in Refusal.Kind.allCases {
          let count = row.refusedRequests[kind.rawValue].value
          guard count > 0 else { continue }
          sample(name, [("signal", signal), ("transport", transport.name), ("reason", "\(kind)")], "\(count)")
        }
      }
    }
    family("ongrid_relay_refused_connections_total", "counter", "Connections closed over a limit.")
    sample("ongrid_relay_refused_connections_total", [], "\(refusedConnections)")
    histogram(
      "ongrid_relay_receive_duration_seconds", "From a request's first byte to its reply.", [([], receivers.duration)])
  }

  private mutating func writeDestinations(_ destinations: [Destination], keptItems: (Destination) -> Int) {
    let counts: [(String, String, (DestinationCounters) -> Int)] = [
      ("ongrid_relay_sent_items_total", "Items that the destination has taken.", { $0.sentItems.value }),
      ("ongrid_relay_sent_requests_total", "Requests that the destination has taken.", { $0.sentRequests.value }),
      ("ongrid_relay_sent_bytes_total", "Bytes of those requests' bodies.", { $0.sentBytes.value }),
      ("ongrid_relay_retries_total", "Attempts that failed and were made again.", { $0.retries.value }),
      ("ongrid_relay_rejected_items_total", "Items rejected by partial success.", { $0.rejectedItems.value }),
      ("ongrid_relay_dead_letter_items_total", "Items kept in dead-letter files.", { $0.deadLetterItems.value }),
      ("ongrid_relay_lost_items_total", "Accepted items that are lost.", { $0.lostItems.value }),
      (
        "ongrid_relay_returned_items_total", "Items refused, which --ack delivered told their clients.",
        { $0.returnedItems.value }
      ),
      ("ongrid_relay_dropped_items_total", "Items taken out of the queue on request.", { $0.droppedItems.value }),
      (
        "ongrid_relay_recovered_items_total", "Items that the queue held when the relay started.",
        { $0.recoveredItems.value }
      ),
      (
        "ongrid_relay_overflow_items_total",
        "Items not taken since the queue was full while other destinations took them.",
        { $0.overflowItems.value }
      ),
    ]
    for (name, help, value) in counts {
      family(name, "counter", help)
      for destination in destinations { sample(name, labels(destination), "\(value(destination.counters))") }
    }
    let depths = destinations.map { ($0, $0.queue.depth) }
    family("ongrid_relay_queue_requests", "gauge", "Requests that wait or are being sent.")
    for (destination, depth) in depths {
      sample("ongrid_relay_queue_requests", labels(destination), "\(depth.requests)")
    }
    family("ongrid_relay_queue_items", "gauge", "Items that wait or are being sent.")
    for (destination, depth) in depths {
      sample("ongrid_relay_queue_items", labels(destination), "\(depth.items + keptItems(destination))")
    }
    family("ongrid_relay_dead_letter_bytes", "gauge", "Bytes of dead letters, which count against the queue's bound.")
    for destination in destinations {
      sample("ongrid_relay_dead_letter_bytes", labels(destination), "\(destination.queue.keptBytes)")
    }
    family("ongrid_relay_queue_bytes", "gauge", "Bytes that wait or are being sent.")
    for (destination, depth) in depths { sample("ongrid_relay_queue_bytes", labels(destination), "\(depth.bytes)") }
    family("ongrid_relay_queue_age_seconds", "gauge", "Age of the oldest request that waits.")
    for (destination, depth) in depths {
      sample("ongrid_relay_queue_age_seconds", labels(destination), "\(depth.age)")
    }
    let rows = destinations.map { (labels($0), $0.counters) }
    histogram("ongrid_relay_batch_items", "Items of a batch.", rows.map { ($0.0, $0.1.batchItems) })
    histogram("ongrid_relay_send_duration_seconds", "One attempt to send.", rows.map { ($0.0, $0.1.attempt) })
    histogram(
      "ongrid_relay_delivery_duration_seconds", "From acceptance to delivery.", rows.map { ($0.0, $0.1.delivery) })
  }

  private func labels(_ destination: Destination) -> [(String, String)] {
    [("signal", destination.signal.rawValue), ("destination", destination.target.name)]
  }

  private mutating func histogram(_ name: String, _ help: String, _ rows: [([(String, String)], Histogram)]) {
    family(name, "histogram", help)
    for (labels, histogram) in rows {
      let counts = histogram.cumulative
      for (bound, count) in zip(histogram.bounds, counts) {
        sample(name + "_bucket", labels + [("le", "\(bound)")], "\(count)")
      }
      let total = counts.last ?? 0
      sample(name + "_bucket", labels + [("le", "+Inf")], "\(total)")
      sample(name + "_sum", labels, "\(histogram.sum)")
      sample(name + "_count", labels, "\(total)")
    }
  }
}
