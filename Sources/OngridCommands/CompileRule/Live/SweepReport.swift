import AlertRules
import JSON
import Platform

/// What rules would have done with other values: a table for each rule.
struct SweepReport {
  let sweep: Sweep

  var text: String { sweep.rows.map(text).joined(separator: "\n") }

  private func text(_ row: Sweep.Row) -> String {
    let head = LiveText.title(row.rule) + "\n"
    guard !row.tries.isEmpty else { return head + "  has no \(sweep.variation.part.rawValue) to vary\n" }
    let unit = sweep.variation.part == .threshold ? row.rule.thresholdUnit : ""
    var lines = [[sweep.variation.part.rawValue, "fired", "minutes", "longest"]]
    for (value, result) in row.tries {
      lines.append([
        unit.isEmpty ? value : "\(value) \(unit)", "\(result.firings.count)", minutes(result.totalFiring),
        result.firings.isEmpty ? "-" : DurationText.format(result.longestFiring),
      ])
    }
    let widths = (0..<4).map { column in lines.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
    return head
      + lines.map { line in
        let cells = (0..<4).map { DisplayWidth.padded(line[$0], to: widths[$0], alignRight: true) }
        return "  " + cells.joined(separator: "  ") + "\n"
      }.joined()
  }

  private func minutes(_ nanoseconds: Int64) -> String {
    FloatText.rounded(Nanoseconds.seconds(nanoseconds) / 60, decimals: 1)
  }

  var json: [UInt8] {
    var writer = JSONWriter(style: .pretty)
    writer.beginArray()
    for row in sweep.rows {
      writer.beginObject()
      LiveText.writeHead(row.rule, to: &writer)
      writer.optional("part", sweep.variation.part.rawValue)
      writer.key("tries")
      writer.beginArray()
      for (value, result) in row.tries {
        writer.beginObject()
        writer.optional("value", value)
        for (name, number) in [
          ("fired", Double(result.firings.count)), ("firing_seconds", Nanoseconds.seconds(result.totalFiring)),
          ("longest_firing_seconds", Nanoseconds.seconds(result.longestFiring)),
        ] {
          writer.key(name)
          writer.double(number)
        }
        writer.endObject()
      }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    writer.newline()
    return writer.bytes
  }
}
