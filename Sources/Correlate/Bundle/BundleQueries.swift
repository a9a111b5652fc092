import Platform

/// What a bundle asks for, in the words of ongridio/ongrid's tool, so that both show the same.
struct BundleQueries {
  let incident: Incident

  /// The series that the rule watches: a metric of the closed set that hosts are watched by, or else the rule's own
  /// expression; nil for a rule of neither kind.
  var metric: String? {
    let names = [incident.ruleKey, incident.labels["metric"], incident.annotations["metric"]]
    let known = names.lazy.compactMap { $0?.trimmed }.compactMap(BundleQueries.closedSet).first
    return known.map(onDevice) ?? incident.expression
  }

  var logs: String? {
    device.map { "{edge_id=\"\($0)\"} |~ \"(?i)error|panic|oom|fatal|fail\"" }
  }

  /// - Returns: nil without a service.
  var traces: String? {
    guard let service = incident.service, !service.isEmpty else { return nil }
    let scope = device.map { "resource.device_id = \"\($0)\" && " } ?? ""
    return "{ \(scope)resource.service.name = \(QueryText.quoted(service)) }"
  }

  static let processor = "100 * (1 - avg by (edge_id) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m])))"
  static let memory = "100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)"

  /// Processor, memory and `up` of the host.
  var edge: [String]? {
    device.map { [onDevice(BundleQueries.processor), onDevice(BundleQueries.memory), "up{edge_id=\"\($0)\"}"] }
  }

  private var device: UInt64? { incident.stored.deviceID }

  private func onDevice(_ expression: String) -> String {
    guard let device else { return expression }
    return "(\(expression)) and on(edge_id) (group by (edge_id) ({edge_id=\"\(device)\"}))"
  }

  private static func closedSet(_ name: String) -> String? {
    switch name {
    case "cpu_pct": processor
    case "mem_pct": memory
    case "disk_used_pct":
      "100 * (1 - node_filesystem_avail_bytes{mountpoint=\"/\"} / node_filesystem_size_bytes{mountpoint=\"/\"})"
    case "disk_avail_bytes": "node_filesystem_avail_bytes{mountpoint=\"/\"}"
    case "load1": "node_load1"
    case "load5": "node_load5"
    case "load15": "node_load15"
    case "net_rx_bps": "sum by (edge_id) (rate(node_network_receive_bytes_total[1m]))"
    case "net_tx_bps": "sum by (edge_id) (rate(node_network_transmit_bytes_total[1m]))"
    default: nil
    }
  }

  /// Nanoseconds between samples for a window of so many.
  static func step(_ window: Int64) -> Int64 {
    let seconds: Int64 =
      switch window / Nanoseconds.perSecond {
      case ...300: 15
      case ...3600: 60
      default: 300
      }
    return seconds * Nanoseconds.perSecond
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
