import OTLP
import Traces

/// Where a bad trace's trouble begins.
struct Culprit: Hashable {
  /// The service, or the uninstrumented dependency, that failed or was slow.
  var dependency: String
  /// The service that recorded the span.
  var service: String
  /// The span's name.
  var span: String
}

extension Trace {
  /// The dependency a span stands for: its own service, or for a call to something outside, what the call names.
  func dependency(of index: Int) -> String {
    let span = spans[index]
    guard span.kind == .client || span.kind == .producer else { return span.service }
    if let child = children(of: index).first(where: { spans[$0].service != span.service }) {
      return spans[child].service
    }
    for key in ["peer.service", "db.system.name", "db.system", "messaging.system", "server.address", "net.peer.name"] {
      if let value = span.value(key), !value.isEmpty { return value }
    }
    return span.service
  }

  /// The error span farthest down from a failing span of `service`: an error without an error below it.
  func failureOrigin(of service: String) -> Int? {
    guard var current = spans.indices.first(where: { spans[$0].service == service && spans[$0].isError }) else {
      return nil
    }
    // The tree has no cycles, so this ends.
    while let next = children(of: current).first(where: { spans[$0].isError }) { current = next }
    return current
  }

  /// The spans of `service` through which requests enter it.
  func entries(of service: String) -> [Int] {
    spans.indices.filter { index in
      guard spans[index].service == service else { return false }
      return parent(of: index).map { spans[$0].service != service } ?? true
    }
  }

  /// The worst entry: the slowest.
  func slowestEntry(of service: String) -> Int? {
    entries(of: service).max { spans[$0].duration < spans[$1].duration }
  }

  /// The span in which a service's trouble shows: where its failure begins, or else its slowest entry.
  func telling(of service: String) -> TraceSpan? {
    (failureOrigin(of: service) ?? slowestEntry(of: service)).map { spans[$0] }
  }
}
