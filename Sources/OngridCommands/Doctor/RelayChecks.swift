import Backends
import JSON
import Platform
import Transport

/// The relay: its own pages, and whether it takes a span.
struct RelayChecks {
  private let settings: DoctorSettings

  init(_ settings: DoctorSettings) { self.settings = settings }

  /// What /readyz and /metrics say.
  func health() -> [DoctorFinding] {
    let origin = settings.relayAdmin.url.origin
    do throws(BackendError) {
      let client = try BackendClient(
        url: settings.relayAdmin.url, options: settings.relayAdmin.http, retry: RetryPolicy(maximumAttempts: 1))
      let ready = try client.send("/readyz")
      guard ready.isSuccess else {
        return [.problem("relay.ready", "\(origin): \(ErrorMessage.of(ready))", "see the relay's log")]
      }
      let page = try client.send("/metrics", accept: "text/plain")
      let text = String(decoding: page.body, as: UTF8.self)
      return [.ok("relay.ready", "the relay at \(origin) is ready")] + RelayChecks.counters(text)
    } catch {
      let message = "no relay's pages at \(origin): \(error.description)"
      if settings.expectsPages {
        return [.outage("relay.ready", message, "start the relay, or see its --listen-admin")]
      }
      // A collector or Tempo may stand in its place, and it may listen elsewhere.
      return [.skipped("relay.ready", message, "name them with --relay-admin, if there is a relay")]
    }
  }

  /// Sums of a page of metrics, by name.
  static func sums(_ page: String) -> [String: Double] {
    var sums: [String: Double] = [:]
    for line in page.split(separator: "\n") where !line.hasPrefix("#") {
      guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else { continue }
      let name = line[..<(line.firstIndex { $0 == "{" || $0 == " " } ?? space)]
      sums[String(name), default: 0] += value
    }
    return sums
  }

  private static func counters(_ page: String) -> [DoctorFinding] {
    let sums = sums(page)
    guard sums.keys.contains(where: { $0.hasPrefix("ongrid_relay_") }) else {
      return [.skipped("relay.losses", "its metrics are not those of ongrid relay")]
    }
    func whole(_ names: String...) -> Int { names.reduce(0) { $0 + Int(min(sums[$1] ?? 0, 1e15)) } }
    var findings: [DoctorFinding] = []
    let lost = whole("ongrid_relay_lost_items_total", "ongrid_relay_overflow_items_total")
    let letters = whole("ongrid_relay_dead_letter_items_total")
    if lost > 0 {
      findings.append(
        .warning(
          "relay.losses", "\(lost) items were lost since the relay started",
          "its log says why; --queue-dir keeps what a destination does not take, --retry-for 0 retries for ever"))
    } else if letters > 0 {
      findings.append(
        .warning(
          "relay.losses", "\(letters) items were refused for good and lie with the dead letters",
          "'ongrid relay queue DIR' says why, 'replay' sends them again"))
    } else {
      findings.append(.ok("relay.losses", "nothing was lost since the relay started"))
    }
    let age =
      (page.split(separator: "\n").filter { $0.hasPrefix("ongrid_relay_queue_age_seconds") }
        .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.max()) ?? 0
    let text = DurationText.format(Duration(saturatingSeconds: age.rounded()).nanoseconds)
    findings.append(
      age > 60
        ? .problem(
          "relay.queue", "the oldest request has waited for \(text)",
          "a destination does not take data: its log names the error, or see 'ongrid relay queue DIR'")
        : .ok("relay.queue", "nothing waits for long"))
    if sums["ongrid_relay_queue_usable"] == 0 {
      findings.append(.problem("relay.disk", "the queue directory cannot be written", "make room, or mend its rights"))
    }
    return findings
  }

  /// Sends the span.
  func send(_ probe: ProbeSpan) -> DoctorFinding {
    let place = settings.relay
    var url = place.url
    if url.path.isEmpty || url.path == "/" { url = url.appending(path: "/v1/traces") }
    do throws(HTTPError) {
      let client = try HTTPClient(options: place.http)
      var headers = HTTPHeaders()
      try headers.add("Content-Type", "application/json")
      let response = try client.send(
        HTTPRequest(method: .post, url: url, headers: headers, body: .bytes(probe.request), maximumResponse: 1 << 20))
      guard response.isSuccess else {
        let message = ErrorMessage.of(response)
        return .problem(
          "relay.accepts", "\(url.origin) answered HTTP \(response.status)" + (message.isEmpty ? "" : ": \(message)"),
          RelayChecks.remedy(response.status))
      }
      if let partial = (try? JSONDocument.parse(String(decoding: response.body, as: UTF8.self)))?["partialSuccess"],
        let rejected = partial["rejectedSpans"], (rejected.int64 ?? rejected.string.flatMap { Int64($0) } ?? 0) > 0
      {
        return .problem(
          "relay.accepts", "the span was rejected: \(ErrorMessage.line(partial["errorMessage"]?.string ?? ""))",
          "see the message")
      }
      return .ok("relay.accepts", "\(url.origin) took the span of trace \(probe.traceID)")
    } catch {
      if !settings.expectsRelay {
        return .skipped("relay.accepts", error.description, "start one with 'ongrid relay --to URL'")
      }
      return .outage(
        "relay.accepts", error.description,
        "start it: ongrid relay --to URL, or systemctl start ongrid-relay; applications get the same error")
    }
  }

  private static func remedy(_ status: Int) -> String {
    switch status {
    case 401, 403: "give the token that applications send: --relay-bearer-token-file"
    case 404, 405: "see that --relay is an OTLP/HTTP address, port 4318 by custom; 4317 is for gRPC"
    case 429, 503: "its queues are full: see relay.queue"
    case 400, 415: "see that --relay is an OTLP/HTTP receiver that takes JSON"
    default: "see the log of who answered"
    }
  }
}
