import Foundation
import TestSupport
import Testing

/// A day with a real Prometheus: a proxy loses answers, delays and refuses; the server is killed and stays away; the
/// process is killed too. In the end every series has risen by exactly the spans that came.
///
/// `ONGRID_OUTAGE_SECONDS=600` makes it ten minutes, with an interval of two seconds.
@Suite(.enabled(if: Tools.has("prometheus"))) struct OutageTests {
  @Test func everySeriesRisesByTheSpansThatCame() throws {
    let outage = ProcessInfo.processInfo.environment["ONGRID_OUTAGE_SECONDS"].flatMap { Double($0) } ?? 2.5
    let interval = outage > 60 ? 2.0 : 0.2
    let server = try PrometheusServer(takesOldSamples: false)
    let proxy = try FaultyProxy(upstream: server.remoteWriteURL)
    let directory = try TemporaryDirectory()
    var day = try Day(directory.write("spans.jsonl", ""))
    let arguments = [
      "spanmetrics", "--follow", "--interval", "\(Int(interval * 1000))ms", "--remote-write", proxy.url, "--state",
      directory.path("state"), "--label", "instance=edge", "--listen", "127.0.0.1:0", day.path,
    ]
    var program = try Program(arguments)
    func restart(_ signal: Int32) throws {
      program.send(signal)
      _ = try program.wait(timeout: 30)
      program = try Program(arguments)
    }

    // The first series are there before anything happens, others come all the time.
    try day.pass(seconds: 5 * interval)
    try restart(SIGKILL)
    try day.pass(seconds: 5 * interval)
    try server.kill()
    let start = Date().timeIntervalSince1970
    try day.pass(seconds: outage / 3)
    try restart(SIGKILL)
    try day.pass(seconds: outage / 3)
    // A stop waits for the receiver a while, which the short run has no time for.
    try restart(outage > 60 ? SIGTERM : SIGKILL)
    try day.pass(seconds: outage / 3)
    let end = Date().timeIntervalSince1970
    try server.restart()
    try day.pass(seconds: 5 * interval)

    let count = "sum(traces_spanmetrics_latency_count)"
    try waitUntil("all of it; \(proxy.report)", timeout: max(60, outage)) {
      try server.query(count).first?.value == Double(day.total) ? true : nil
    }
    program.send(SIGTERM)
    let result = try program.wait(timeout: 30)
    #expect(result.status == 0, "\(result.errors)")

    for metric in ["traces_spanmetrics_calls_total", "traces_spanmetrics_latency_count"] {
      let history = try server.samples("\(metric)[2h]")
      #expect(history.count == day.counts.count)
      var longest = 0.0
      for series in history {
        let key = "\(series.labels["service_name"] ?? "")/\(series.labels["span_name"] ?? "")"
        #expect(series.increase == Double(day.counts[key] ?? 0), "\(key): \(series.samples); \(proxy.report)")
        longest = zip(series.samples, series.samples.dropFirst()).reduce(longest) { max($0, $1.1.time - $1.0.time) }
      }
      // What was there before the outage has points all through it.
      let old = try #require(history.first { $0.labels["span_name"] == "op-0" })
      let within = old.samples.filter { $0.time > start && $0.time < end }
      #expect(Double(within.count) > (end - start) / interval / 4, "\(within.count) points in \(end - start) s")
      if outage > 60 { print("\(metric): \(history.count) series, the longest gap \(longest) s; \(proxy.report)") }
    }
  }

  /// Spans as they come, and how many of each series there were.
  private struct Day {
    let path: String
    private(set) var counts: [String: Int] = [:]
    private(set) var total = 0
    private var step = 0

    init(_ path: String) { self.path = path }

    mutating func pass(seconds: Double) throws {
      let end = Date(timeIntervalSinceNow: seconds)
      repeat {
        // A new name now and then, and always op-0.
        let names = 3 + step / 8 % 40
        let service = "s\(step % 3)"
        try RunningAllDayTests.append(RunningAllDayTests.line(service, count: 7, names: names, from: total), to: path)
        for index in total..<total + 7 { counts["\(service)/op-\(index % names)", default: 0] += 1 }
        total += 7
        step += 1
        poll(nil, 0, 50)
      } while Date() < end
    }
  }
}
