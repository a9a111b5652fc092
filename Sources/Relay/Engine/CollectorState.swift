import HTTPServer
import Platform
import Transport

/// How a supervised collector is, for those who ask the admin listener.
public final class CollectorState: Sendable {
  public enum Phase: String, Sendable { case starting, ready, failing, restarting, stopping }

  private struct State {
    var phase = Phase.starting
    var metrics: ListenAddress?
    var starts = 0
    /// When the supervisor last looked around, in monotonic ns.
    var seen = monotonicNanoseconds()
  }

  private let state = Monitor(State())

  public init() {}

  /// Returns the phase before.
  @discardableResult
  func set(_ phase: Phase) -> Phase {
    state.withLock { state in
      defer { state.phase = phase }
      return state.phase
    }
  }

  /// The supervisor is at work.
  func touch() { state.withLock { $0.seen = monotonicNanoseconds() } }

  /// Whether the supervisor was at work in the last ten seconds.
  public var isSupervised: Bool { state.withLock { monotonicNanoseconds() - $0.seen < 10_000_000_000 } }

  func started(metrics: ListenAddress?) {
    state.withLock {
      $0.phase = .starting
      $0.metrics = metrics
      $0.starts += 1
    }
  }

  /// The relay's pages for a collector: alive as long as this process, ready when the collector says so, and its metrics.
  public func page(_ path: String) -> Page {
    let now = state.withLock { $0 }
    switch path {
    case "/healthz": return CollectorState.text(200, "ok\n")
    case "/readyz":
      if now.phase == .ready { return CollectorState.text(200, "ready\n") }
      return CollectorState.text(503, "the collector is \(now.phase.rawValue)\n")
    case "/metrics": return CollectorState.metricsPage(now)
    default: return CollectorState.text(404, "there are /healthz, /readyz and /metrics\n")
    }
  }

  private static func metricsPage(_ state: State) -> Page {
    var body = Array(
      """
      # HELP ongrid_relay_collector_ready Whether the collector says that it is well.
      # TYPE ongrid_relay_collector_ready gauge
      ongrid_relay_collector_ready \(state.phase == .ready ? 1 : 0)
      # HELP ongrid_relay_collector_starts_total How often the collector was started.
      # TYPE ongrid_relay_collector_starts_total counter
      ongrid_relay_collector_starts_total \(state.starts)

      """.utf8)
    var options = HTTPOptions()
    options.timeout = .seconds(2)
    options.usesProxy = false
    if let address = state.metrics, let url = try? HTTPURL("http://\(address)/metrics"),
      let client = try? HTTPClient(options: options), let response = try? client.send(HTTPRequest(url: url)),
      response.isSuccess
    {
      body += response.body
    }
    return Page(contentType: "text/plain; version=0.0.4; charset=utf-8", body)
  }

  private static func text(_ status: Int, _ text: String) -> Page {
    Page(status: status, Array(text.utf8))
  }
}
