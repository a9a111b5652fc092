import OTLP

/// The relay's own metrics in the Prometheus text format.
struct MetricsPage {
  private(set) var text = ""

  init(receivers: ReceiverCounters, refusedConnections: Int, destinations: [Destination]) {
    writeReceivers(receivers, refusedConnections)
    writeDestinations(destinations)
  }

  private mutating func family(_ name: String, _ type: String, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  private mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
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

  private mutating func writeDestinations(_ destinations: [Destination]) {
    let counts: [(String, String, (DestinationCounters) -> Int)] = [
      ("ongrid_relay_sent_items_total", "Items that the destination has taken.", { $0.sentItems.value }),
      ("ongrid_relay_sent_requests_total", "Requests that the destination has taken.", { $0.sentRequests.value }),
      ("ongrid_relay_sent_bytes_total", "Bytes of those requests' bodies.", { $0.sentBytes.value }),
      ("ongrid_relay_retries_total", "Attempts that failed and were made again.", { $0.retries.value }),
      ("ongrid_relay_rejected_items_total", "Items rejected by partial success.", { $0.rejectedItems.value }),
      ("ongrid_relay_dead_letter_items_total", "Items kept in dead-letter files.", { $0.deadLetterItems.value }),
      ("ongrid_relay_lost_items_total", "Accepted items that are lost.", { $0.lostItems.value }),
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
      sample("ongrid_relay_queue_requests", labels(destination), "\(depth.entries)")
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
