import Platform

/// What the admin listener shows.
final class AdminPages: Sendable {
  private let receivers: ReceiverCounters
  private let destinations: [Destination]
  private let status: ServiceStatus

  init(receivers: ReceiverCounters, destinations: [Destination], status: ServiceStatus) {
    self.receivers = receivers
    self.destinations = destinations
    self.status = status
  }

  func answer(_ path: String) -> ServerResponse {
    switch path {
    case "/healthz": text(200, "ok\n")
    case "/readyz":
      if status.phase != .ready {
        text(503, "the relay is \(status.phase == .starting ? "starting" : "stopping")\n")
      } else if !destinations.isEmpty, destinations.allSatisfy(\.queue.isFull) {
        text(503, "every queue is full\n")
      } else {
        text(200, "ready\n")
      }
    case "/metrics":
      text(
        200, MetricsPage(receivers: receivers, destinations: destinations).text,
        type: "text/plain; version=0.0.4; charset=utf-8")
    default: text(404, "there are /healthz, /readyz and /metrics\n")
    }
  }

  private func text(_ status: Int, _ body: String, type: String = "text/plain; charset=utf-8") -> ServerResponse {
    var response = ServerResponse(status: status)
    response.fields = [("content-type", type)]
    response.body = Array(body.utf8)
    return response
  }
}
