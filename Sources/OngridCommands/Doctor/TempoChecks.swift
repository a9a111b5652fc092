import Backends
import Platform
import Transport
import YAML

/// Tempo: what it is configured to do, and whether the span arrives.
struct TempoChecks {
  private let server: DoctorServer
  private let tempo: TempoClient?

  init(_ server: DoctorServer, _ place: DoctorSettings.Server) {
    self.server = server
    tempo = try? TempoClient(url: place.url, options: place.http, retry: RetryPolicy(maximumAttempts: 1))
  }

  /// A finding about a release too old for the questions that ongrid asks.
  func age(_ version: String) -> DoctorFinding? {
    let digits = version.drop { $0 == "v" }.prefix { $0.isNumber }
    guard let major = Int(digits), major > 0, major < 2 else { return nil }
    return .warning("tempo.version", "Tempo \(version) knows no TraceQL metrics", "take Tempo 2.4 or later")
  }

  /// What its configuration says about span metrics and retention, where it shows that.
  func configuration() -> [DoctorFinding] {
    guard let page = try? server.client.body("/status/config", accept: "text/plain"),
      let root = try? TempoChecks.document(of: page).withByteView({ view throws(YAMLError) in
        try YAMLDocument.parse(view)
      })
    else { return [.skipped("tempo.generator", "it does not show its configuration (/status/config)")] }
    var findings: [DoctorFinding] = []
    let processors =
      root[path: "overrides", "defaults", "metrics_generator", "processors"]
      ?? root[path: "overrides", "metrics_generator_processors"]
    let names = processors?.names ?? []
    findings.append(
      names.contains { $0.hasPrefix("span-metrics") }
        ? .ok("tempo.generator", "makes metrics of spans (\(names.sorted().joined(separator: ", ")))")
        : .warning(
          "tempo.generator", "its defaults make no metrics of spans",
          "set overrides.defaults.metrics_generator.processors to [span-metrics, service-graphs], or run 'ongrid spanmetrics'"
        ))
    if let text = root[path: "backend_worker", "compaction", "block_retention"]?.text
      ?? root[path: "compactor", "compaction", "block_retention"]?.text
    {
      let retention = DurationText.parse(text) ?? 0
      findings.append(
        retention > 0 && retention < DurationText.parse("1d") ?? 0
          ? .warning("tempo.retention", "traces are kept for \(text)", "raise block_retention to a few days at least")
          : .ok("tempo.retention", "traces are kept for \(text)"))
    }
    return findings
  }

  /// Spans that it has thrown away, by the counters of the process that answers.
  func discards() -> DoctorFinding? {
    guard let body = try? server.client.body("/metrics", accept: "text/plain") else { return nil }
    var sum = 0.0
    var reasons: Set<String> = []
    for line in String(decoding: body, as: UTF8.self).split(separator: "\n")
    where line.hasPrefix("tempo_discarded_spans_total{")
      || line.hasPrefix("tempo_metrics_generator_spans_discarded_total{")
    {
      guard let value = line.split(separator: " ").last.flatMap({ Double($0) }), value > 0 else { continue }
      sum += value
      let parts = line.split(separator: "reason=\"", maxSplits: 1)
      if parts.count == 2 { reasons.insert(String(parts[1].prefix { $0 != "\"" })) }
    }
    guard sum > 0 else { return .ok("tempo.limits", "it has thrown no span away since it started") }
    return .warning(
      "tempo.limits",
      "it has thrown away \(FloatText.general(sum)) spans since it started: \(reasons.sorted().joined(separator: ", "))",
      "raise the limits of overrides.defaults.ingestion and global; outside_metrics_ingestion_slack means clocks or delays"
    )
  }

  /// The configuration on a page that begins with the name of the page.
  private static func document(of page: [UInt8]) -> [UInt8] {
    let name = Array("GET ".utf8)
    guard page.starts(with: name), let end = page.firstIndex(of: UInt8(ascii: "\n")) else { return page }
    return Array(page[(end + 1)...])
  }

  /// Waits for the span's trace by its id.
  func follow(_ probe: ProbeSpan, until deadline: Int64) -> DoctorFinding {
    guard let tempo else { return .skipped("tempo.trace", "no client") }
    var last = ""
    repeat {
      do throws(BackendError) {
        if try tempo.trace(probe.traceID) != nil {
          return .ok("tempo.trace", "the trace is there after \(Doctor.elapsed(since: probe.sent))")
        }
      } catch {
        last = "; last answer: \(error.description)"
      }
    } while Doctor.pauses(until: deadline)
    return .problem(
      "tempo.trace", "the trace has not come within \(Doctor.elapsed(since: probe.sent))\(last)",
      "see relay.losses and relay.queue, the relay's --to and tenant, and tempo_discarded_spans_total of Tempo")
  }

  /// Waits until a search finds the span.
  func search(_ probe: ProbeSpan, until deadline: Int64) -> DoctorFinding {
    guard let tempo else { return .skipped("tempo.search", "no client") }
    let query = "{ span.ongrid.doctor = \"\(probe.traceID)\" }"
    let request = TraceSearchRequest(
      query: query, start: probe.sent - .seconds(600), end: probe.sent + .seconds(600), limit: 1)
    var last = ""
    repeat {
      do throws(BackendError) {
        if try !tempo.search(request).isEmpty {
          return .ok("tempo.search", "a search finds it after \(Doctor.elapsed(since: probe.sent))")
        }
      } catch {
        last = "; last answer: \(error.description)"
      }
    } while Doctor.pauses(until: deadline)
    return .warning(
      "tempo.search", "no search has found it within \(Doctor.elapsed(since: probe.sent))\(last)",
      "recent traces are searched in the live store or ingester: see that it runs, and query_frontend.search")
  }
}

extension YAMLNode {
  /// The node under these keys.
  fileprivate subscript(path keys: String...) -> YAMLNode? {
    var node = self
    for key in keys {
      guard case .mapping(let members) = node.content, let next = members.last(where: { $0.key.text == key })?.value
      else { return nil }
      node = next
    }
    return node
  }

  /// The texts of a sequence, or the keys of a mapping, as Tempo shows a set.
  fileprivate var names: [String] {
    switch content {
    case .sequence(let elements): elements.compactMap(\.text)
    case .mapping(let members): members.compactMap(\.key.text)
    default: []
    }
  }
}

extension Doctor {
  /// Half a second of patience; false when the time is over.
  static func pauses(until deadline: Int64) -> Bool {
    guard monotonicNanoseconds() < deadline else { return false }
    pause(milliseconds: 500)
    return true
  }

  static func elapsed(since moment: Timestamp) -> String {
    FloatText.rounded(max((Timestamp.now - moment).inSeconds, 0), decimals: 1) + " s"
  }
}
