import Foundation
import OTLP
import Platform
import TestSupport
import Testing

/// What metrics say of a sampled stream, beside what they say of the whole.
@Suite struct SampledMetricsTests {
  /// Traces of two spans, an error in one of eight and a duration of its own, in a protobuf file.
  private func write(_ count: Int, to path: String) throws {
    var random = SeededRandom(seed: 20_250_102)
    var file = ByteBuffer()
    for _ in 0..<count / 500 {
      var request = ByteBuffer()
      for service in ["front", "back"] {
        var random = random
        request.appendField(1) { resourceSpans in
          resourceSpans.appendField(1) { resource in
            resource.appendField(1) { attribute in
              attribute.appendField(1, string: "service.name")
              attribute.appendField(2) { $0.appendField(1, string: service) }
            }
          }
          resourceSpans.appendField(2) { scopeSpans in
            for _ in 0..<500 {
              let id = (random.next(), random.next())
              let choice = random.next()
              scopeSpans.appendField(2) { span in
                span.appendField(1) { out in
                  out.append(bigEndian: id.0)
                  out.append(bigEndian: id.1)
                }
                span.appendField(2) { $0.append(bigEndian: service == "front" ? 1 : 2 as UInt64) }
                if service == "back" { span.appendField(4) { $0.append(bigEndian: 1 as UInt64) } }
                span.appendField(5, string: "work")
                span.appendField(6, varint: 2)
                span.appendField(7, fixed64: 1_795_400_000_000_000_000)
                // Up to some 130 ms.
                span.appendField(8, fixed64: 1_795_400_000_000_000_000 + choice >> 37)
                if choice % 8 == 0 { span.appendField(15) { $0.appendField(3, varint: 2) } }
              }
            }
          }
        }
      }
      for _ in 0..<1500 { _ = random.next() }
      file.append(bigEndian: UInt32(request.count))
      file.append(request.view)
    }
    try Data([UInt8](file.view)).write(to: URL(filePath: path))
  }

  private func metrics(of path: String, _ options: [String] = []) throws -> [String: Double] {
    let result = try Program.run(["spanmetrics", "--format", "prometheus"] + options + [path])
    #expect(result.status == 0, "\(result.errors)")
    var values: [String: Double] = [:]
    for line in result.output.split(separator: "\n") where line.hasPrefix("traces_spanmetrics_") {
      guard let space = line.lastIndex(of: " ") else { continue }
      values[String(line[..<space])] = Double(line[line.index(after: space)...])
    }
    return values
  }

  @Test("a sample weighted by tracestate agrees within its error, and a copy from before it exactly")
  func agreement() throws {
    let directory = try TemporaryDirectory()
    let count = 10_000
    try write(count, to: directory.path("all.otlp"))
    let relay = try Program.run([
      "relay", "--once", "--sample", "10%", "--tee", directory.path("copy.otlp"), "--to",
      "file:\(directory.path("sample.otlp"))", directory.path("all.otlp"),
    ])
    #expect(relay.status == 0, "\(relay.errors)")
    let all = try metrics(of: directory.path("all.otlp"))
    #expect(try metrics(of: directory.path("copy.otlp")) == all)
    let sampled = try metrics(of: directory.path("sample.otlp"), ["--span-multiplier-tracestate"])
    var compared = 0
    for (series, value) in all where series.hasPrefix("traces_spanmetrics_calls") || series.contains("_bucket") {
      // A share of 10 % of n traces has a standard deviation of √(n · 0.1 · 0.9), each standing for ten.
      let deviation = 10 * (value * 0.09).squareRoot()
      let found = sampled[series] ?? 0
      #expect(abs(found - value) <= 4 * deviation, "\(series): \(found) for \(value)")
      compared += value > 100 ? 1 : 0
    }
    #expect(compared > 10)
  }
}
