import HTTPServer
import Platform

/// What the admin listener shows.
final class AdminPages: Sendable {
  private let receivers: ReceiverCounters
  private let telemetry: HTTPService
  private let destinations: [Destination]
  private let queue: DurableQueue?
  private let stage: (any TraceStage)?
  private let rewriter: (any TraceRewriter)?
  private let status: ServiceStatus
  private let names: MetricNames

  /// - Parameter telemetry: what the receivers are served by.
  init(
    receivers: ReceiverCounters, telemetry: HTTPService, destinations: [Destination], queue: DurableQueue?,
    stage: (any TraceStage)? = nil, rewriter: (any TraceRewriter)? = nil, status: ServiceStatus, names: MetricNames
  ) {
    self.names = names
    self.stage = stage
    self.rewriter = rewriter
    self.queue = queue
    self.receivers = receivers
    self.telemetry = telemetry
    self.destinations = destinations
    self.status = status
  }

  func answer(_ path: String) -> Page {
    switch path {
    case "/healthz": return Page("ok\n")
    case "/readyz":
      if status.phase != .ready {
        return Page(status: 503, "the relay is \(status.phase == .starting ? "starting" : "stopping")\n")
      }
      if queue?.isReady == false {
        return Page(status: 503, "the queue directory cannot be written\n")
      }
      if !destinations.isEmpty, destinations.allSatisfy(\.queue.isFull) {
        return Page(status: 503, "every queue is full\n")
      }
      return Page("ready\n")
    case "/metrics":
      let metrics = MetricsPage(
        receivers: receivers, refusedConnections: telemetry.refusedConnections, destinations: destinations,
        queue: queue,
        more: (stage?.metrics ?? []) + (rewriter?.metrics ?? []), names: names)
      return Page(contentType: "text/plain; version=0.0.4; charset=utf-8", metrics.text)
    default: return Page(status: 404, "there are /healthz, /readyz and /metrics\n")
    }
  }
}
