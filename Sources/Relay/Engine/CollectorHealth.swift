import HTTPServer
import Platform
import Transport

/// Asks a collector's health endpoint from time to time.
struct CollectorHealth {
  enum Verdict { case unknown, ready, failing, failed }

  private let url: HTTPURL?
  private let client: HTTPClient?
  private let settings: CollectorSupervisor.Settings
  private let startDeadline: Int64
  private var next: Int64
  private var failures = 0
  private var hasAnswered = false

  init(_ address: ListenAddress, _ settings: CollectorSupervisor.Settings) {
    self.settings = settings
    url = try? HTTPURL("http://\(address)/")
    var options = HTTPOptions()
    options.timeout = .seconds(1)
    options.usesProxy = false
    client = try? HTTPClient(options: options)
    next = monotonicNanoseconds()
    startDeadline = monotonicDeadline(after: settings.startTimeout)
  }

  /// How the collector is. It has failed when it did not answer in time after its start, or has answered and then failed
  /// to so often that it must be taken for dead.
  mutating func ask(_ now: Int64) -> Verdict {
    guard now >= next else { return .unknown }
    guard let url, let client else { return .unknown }
    let isWell = (try? client.send(HTTPRequest(url: url)))?.isSuccess ?? false
    // Until it is ready, somebody waits for it.
    let interval = isWell || hasAnswered ? settings.healthInterval : min(.milliseconds(100), settings.healthInterval)
    next = monotonicDeadline(after: interval)
    if isWell {
      hasAnswered = true
      failures = 0
      return .ready
    }
    if !hasAnswered { return now >= startDeadline ? .failed : .unknown }
    failures += 1
    return failures >= settings.healthFailures ? .failed : .failing
  }
}
