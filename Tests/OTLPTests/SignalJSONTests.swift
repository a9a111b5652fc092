import Foundation
import OTLP
import Platform
import TestSupport
import Testing

/// Traces, metrics and logs in JSON: all fields, held against protobuf's own implementation.
@Suite struct SignalJSONTests {
  private static let script = Fixtures.repository.appending(path: "Tests/Python/otlp_json.py").path(
    percentEncoded: false)

  @Test(
    "random messages of all three signals are what protobuf makes of them, both ways", .enabled(if: Tools.hasPython))
  func randomMessages() throws {
    var random = SeededRandom()
    let seed = String(UInt32.random(in: 0 ... .max, using: &random))
    let generated = try Program.run([Self.script, "generate", seed, "600"], executable: Tools.python)
    try #require(generated.status == 0, "\(generated.errors)")
    var report: [String] = []
    for line in generated.output.split(separator: "\n") {
      let columns = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
      let signal = try #require(OTLPSignal(rawValue: columns[0]))
      let made = try transcode(columns[2], signal)
      let text = try json(made, signal)
      report.append("\(signal)\t\(columns[1])\t\(Data(made).base64EncodedString())\t\(text)")
    }
    #expect(report.count == 600)
    let checked = try Program.run(
      [Self.script, "check"], input: report.joined(separator: "\n"), executable: Tools.python)
    #expect(checked.status == 0, "\(random.note) \(checked.output.prefix(4000))\(checked.errors)")
  }

  /// A point of a gauge with one member, and the bytes of the point.
  private func point(_ members: String) throws -> [UInt8] {
    let text = #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{\#(members)}]}}]}]}]}"#
    // Five messages, each in one field of one byte of length.
    return Array(try transcode(text, .metrics).dropFirst(10))
  }

  @Test(
    "numbers in all their forms",
    arguments: [
      (#""asInt":"-1""#, [0x31] + [UInt8](repeating: 0xff, count: 8)),
      (#""asInt":1e3"#, [0x31, 0xe8, 0x03, 0, 0, 0, 0, 0, 0]),
      (#""asDouble":null"#, []), (#""asDouble":"Infinity""#, [0x21, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f]),
      (#""asDouble":1"#, [0x21, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]), (#""flags":1"#, [0x40, 1]),
      (#""timeUnixNano":"18446744073709551615""#, [0x19] + [UInt8](repeating: 0xff, count: 8)),
      (#""as_int":"7""#, []), (#""AsInt":"7""#, []), (#""exemplars":[]"#, []),
    ] as [(String, [UInt8])])
  func numbers(_ members: String, _ bytes: [UInt8]) throws {
    #expect(try point(members) == bytes)
  }

  @Test(
    "what is not OTLP/JSON is refused",
    arguments: [
      #"{"asInt":"9223372036854775808"}"#, #"{"asInt":true}"#, #"{"asDouble":"1x"}"#, #"{"flags":-1}"#,
      #"{"flags":4294967296}"#, #"{"timeUnixNano":-1}"#, #"{"exemplars":{}}"#, #"{"exemplars":[{"traceId":"xyz"}]}"#,
      #"{"attributes":[{"key":1}]}"#, "[]", "1",
    ])
  func refused(_ point: String) {
    let text = #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[\#(point)]}}]}]}]}"#
    #expect(throws: TranscodeError.self) { try transcode(text, .metrics) }
  }

  @Test(
    "so are scalars that arrays cannot hold",
    arguments: [
      #""bucketCounts":[null]"#, #""bucketCounts":["-1"]"#, #""bucketCounts":[[]]"#, #""explicitBounds":["x"]"#,
      #""explicitBounds":[{}]"#, #""explicitBounds":1"#, #""bucketCounts":["1""#,
    ])
  func refusedArrays(_ members: String) {
    let text = #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{\#(members)}]}}]}]}]}"#
    #expect(throws: TranscodeError.self) { try transcode(text, .metrics) }
  }

  @Test("a document is read for the signal that is wanted, or tells its own")
  func documents() throws {
    let texts: [OTLPSignal: String] = [
      .traces: #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"},{"name":"b"}]}]}]}"#,
      .metrics: #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m"}]}]}]}"#,
      .logs: #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityText":"s"}]}]}]}"#,
    ]
    for (signal, text) in texts {
      #expect(try document(text, nil).signal == signal)
      for other in OTLPSignal.allCases {
        let found = try document(text, other)
        #expect(found.signal == (other == signal ? signal : nil))
        #expect(found.bytes.isEmpty == (other != signal))
      }
    }
    #expect(try document("{}", nil).signal == nil)
    let both = #"{"resourceLogs":[],"resourceMetrics":[]}"#
    #expect(try document(both, nil).signal == .logs)
    #expect(try document(both, nil).others == [.metrics])
    #expect(try document(both, .logs).signal == .logs)
  }

  private func document(
    _ text: String, _ signal: OTLPSignal?
  ) throws -> (signal: OTLPSignal?, others: [OTLPSignal], bytes: [UInt8]) {
    var out = ByteBuffer()
    let document = try Array(text.utf8).withByteView { (view) throws(TranscodeError) in
      var transcoder = JSONTranscoder(view, signal: signal)
      return try transcoder.next(into: &out)
    }
    return (document?.signal, document?.others ?? [], [UInt8](out.view))
  }
}
