import OTLP

/// Under which names the relay's metrics are written.
public enum MetricNames: String, Sendable, CaseIterable {
  case ongrid
  /// Those of the OpenTelemetry Collector, where it has such a metric.
  case otelcol
}

extension MetricsPage {
  /// Families that `writeCollectorNames` writes in another form.
  static let collectorHas: Set<String> = [
    "ongrid_relay_accepted_items_total", "ongrid_relay_refused_items_total", "ongrid_relay_sent_items_total",
    "ongrid_relay_dead_letter_items_total", "ongrid_relay_lost_items_total", "ongrid_relay_returned_items_total",
    "ongrid_relay_overflow_items_total", "ongrid_relay_queue_requests",
  ]

  /// What the collector calls the items of a signal.
  private static func noun(_ signal: OTLPSignal) -> String {
    switch signal {
    case .traces: "spans"
    case .metrics: "metric_points"
    case .logs: "log_records"
    }
  }

  mutating func writeCollectorNames(_ receivers: ReceiverCounters, _ destinations: [Destination]) {
    for signal in OTLPSignal.allCases {
      let noun = MetricsPage.noun(signal)
      let counts: [(String, String, (ReceiverCounters.Row) -> Int)] = [
        ("accepted", "Number of \(noun) taken from clients.", { $0.acceptedItems.value }),
        ("refused", "Number of \(noun) that could not be taken.", { $0.refusedItems.value }),
      ]
      for (verb, help, value) in counts {
        let name = "otelcol_receiver_\(verb)_\(noun)"
        family(name, "counter", help)
        for transport in RequestSource.Transport.allCases {
          let labels = [("receiver", "otlp"), ("transport", transport.name)]
          sample(name, labels, "\(value(receivers.row(signal, transport)))")
        }
      }
      writeExporters(noun, destinations.filter { $0.signal == signal })
    }
    let queued = "otelcol_exporter_queue_size"
    family(queued, "gauge", "Requests that wait or are being sent.")
    for destination in destinations {
      let labels = [("exporter", destination.target.name), ("data_type", destination.signal.rawValue)]
      sample(queued, labels, "\(destination.queue.depth.requests)")
    }
  }

  private mutating func writeExporters(_ noun: String, _ destinations: [Destination]) {
    if destinations.isEmpty { return }
    let counts: [(String, String, (DestinationCounters) -> Int)] = [
      ("sent", "Number of \(noun) that the destination has taken.", { $0.sentItems.value }),
      (
        "send_failed", "Number of \(noun) given up.",
        { $0.lostItems.value + $0.deadLetterItems.value + $0.returnedItems.value }
      ),
      ("enqueue_failed", "Number of \(noun) not taken since the queue was full.", { $0.overflowItems.value }),
    ]
    for (verb, help, value) in counts {
      let name = "otelcol_exporter_\(verb)_\(noun)"
      family(name, "counter", help)
      for destination in destinations {
        sample(name, [("exporter", destination.target.name)], "\(value(destination.counters))")
      }
    }
  }
}
