import AlertRules
import JSON
import Platform

/// What rules would have done.
struct BacktestReport {
  /// Firings that the text lists for one rule; JSON has all.
  private static let listed = 20

  let results: [BacktestResult]
  /// Columns of the terminal; nil when the output is not one, which has no sparkline.
  let columns: Int?

  var text: String { results.map(text).joined(separator: "\n") }

  private func text(_ result: BacktestResult) -> String {
    let rule = result.rule
    var head = "\(LiveText.title(rule))  \(rule.comparison.rawValue) \(rule.limitText)"
    if let holdFor = rule.holdFor, holdFor.milliseconds > 0 { head += " for \(holdFor.text)" }
    var lines = [head]
    let count = result.firings.count
    var summary = "  fired \(count) \(count == 1 ? "time" : "times")"
    if count > 0 {
      summary += ", \(duration(result.totalFiring)) in all, longest \(duration(result.longestFiring))"
    }
    lines.append(summary)
    var counts = "  \(result.evaluations) evaluations every \(duration(result.step))"
    if let (minimum, median, maximum) = result.distribution {
      counts += ", \(result.samples.count) with a value: min \(LiveText.number(minimum)), "
      counts += "median \(LiveText.number(median)), max \(LiveText.number(maximum, rule))"
    } else {
      counts += ", none with a value"
    }
    lines.append(counts)
    for firing in result.firings.prefix(BacktestReport.listed) {
      let end = firing.isOpen ? "still firing" : "until \(firing.end.rfc3339)"
      lines.append(
        "  \(firing.start.rfc3339)  \(end)  \(duration(firing.nanoseconds))  at \(LiveText.number(firing.value, rule))"
      )
    }
    if count > BacktestReport.listed {
      lines.append("  … and \(count - BacktestReport.listed) more; --format json lists all")
    }
    if let columns, !result.samples.isEmpty { lines.append("  " + sparkline(result, columns: min(columns - 4, 100))) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func sparkline(_ result: BacktestResult, columns: Int) -> String {
    let span = Double(max(result.end.nanoseconds - result.start.nanoseconds, 1))
    let samples = result.samples.lazy.map { sample in
      (place: Double(sample.time.nanoseconds - result.start.nanoseconds) / span, value: sample.value)
    }
    return Sparkline.of(Sparkline.buckets(samples, columns: columns))
  }

  private func duration(_ nanoseconds: Int64) -> String { DurationText.format(nanoseconds) }

  var json: [UInt8] {
    var writer = JSONWriter(style: .pretty)
    writer.beginArray()
    for result in results { write(result, to: &writer) }
    writer.endArray()
    writer.newline()
    return writer.bytes
  }

  private func write(_ result: BacktestResult, to writer: inout JSONWriter) {
    writer.beginObject()
    LiveText.writeHead(result.rule, to: &writer)
    writer.optional("start", result.start.rfc3339)
    writer.optional("end", result.end.rfc3339)
    number("step_seconds", seconds(result.step), to: &writer)
    number("evaluations", Double(result.evaluations), to: &writer)
    number("evaluations_with_value", Double(result.samples.count), to: &writer)
    number("fired", Double(result.firings.count), to: &writer)
    number("firing_seconds", seconds(result.totalFiring), to: &writer)
    number("longest_firing_seconds", seconds(result.longestFiring), to: &writer)
    let distribution = result.distribution
    number("minimum", distribution?.minimum, to: &writer)
    number("median", distribution?.median, to: &writer)
    number("maximum", distribution?.maximum, to: &writer)
    writer.key("firings")
    writer.beginArray()
    for firing in result.firings {
      writer.beginObject()
      writer.optional("start", firing.start.rfc3339)
      writer.optional("end", firing.isOpen ? nil : firing.end.rfc3339)
      number("seconds", seconds(firing.nanoseconds), to: &writer)
      number("value", firing.value, to: &writer)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }

  private func number(_ name: String, _ value: Double?, to writer: inout JSONWriter) {
    writer.key(name)
    if let value { writer.double(value) } else { writer.null() }
  }

  private func seconds(_ nanoseconds: Int64) -> Double { Nanoseconds.seconds(nanoseconds) }
}
