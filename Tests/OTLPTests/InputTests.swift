import Compression
import Foundation
import OTLP
import Platform
import TestSupport
import Testing
import TraceFormats

@Suite struct InputTests {
  static let document = #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"},{"name":"b"}]}]}]}"#

  private func spans(_ text: String) throws -> Int { try spanTexts(requests(in: Array(text.utf8)).requests).count }

  static let separations: [(text: String, count: Int)] = [
    ("", 0), ("\n \n", 0), ("{}", 0), (#"{"resourceSpans":[]}"#, 0), (#"{"trace":{}}"#, 0), (#"{"batches":null}"#, 0),
    (document, 2), ("\(document)\n", 2), ("\(document)\n\(document)", 4), ("\(document)\(document)", 4),
    ("\(document)\r\n\r\n\(document)\r\n", 4), ("\u{FEFF}\(document)", 2), ("  \n\t\(document)", 2),
  ]

  @Test(arguments: separations)
  func documentsHoweverTheyAreSeparated(text: String, count: Int) throws {
    #expect(try spans(text) == count)
  }

  @Test func prettyPrintedDocumentsAmongLines() throws {
    let object = try JSONSerialization.jsonObject(with: Data(Self.document.utf8))
    let data = try JSONSerialization.data(withJSONObject: object, options: .prettyPrinted)
    let pretty = String(decoding: data, as: UTF8.self)
    #expect(try spans(pretty) == 2)
    #expect(try spans([pretty, Self.document, pretty, pretty, Self.document].joined(separator: "\n")) == 10)
  }

  @Test func anInputOfManyChunksLosesNothing() throws {
    let lines = RoundTripTests.shopLines
    var big: [UInt8] = []
    for _ in 0..<4 { big += lines }
    #expect(try spanTexts(requests(in: big).requests).count == 4 * 1948)
    var frames: [UInt8] = []
    for _ in 0..<8 { frames += RoundTripTests.shopStream }
    #expect(try spanTexts(requests(in: frames).requests).count == 8 * 1948)
  }

  @Test(arguments: [ContentEncoding.gzip, .zstd])
  func compressedInputIsTheSameInput(encoding: ContentEncoding) throws {
    var compressor = try Compressor(encoding)
    for bytes in [RoundTripTests.shopLines, RoundTripTests.shopStream] {
      var packed = ByteBuffer()
      // Two members, as a log that is appended to has.
      try bytes[..<(bytes.count / 2)].map { $0 }.withByteView { try compressor.compress($0, into: &packed) }
      try bytes[(bytes.count / 2)...].map { $0 }.withByteView { try compressor.compress($0, into: &packed) }
      #expect(try spanTexts(requests(in: [UInt8](packed.view)).requests).count == 1948)
      let cut = Array([UInt8](packed.view).dropLast(9))
      #expect(throws: InputError.self) { try requests(in: cut) }
    }
  }

  /// The collector's file exporter with `compression: zstd` writes lengths in the clear and messages compressed.
  @Test func framesThatAreCompressedEach() throws {
    var compressor = try Compressor(.zstd)
    func frame(_ bytes: [UInt8]) throws -> [UInt8] {
      var packed = ByteBuffer()
      try bytes.withByteView { try compressor.compress($0, into: &packed) }
      return withUnsafeBytes(of: UInt32(packed.count).bigEndian) { Array($0) } + [UInt8](packed.view)
    }
    var json: [UInt8] = []
    for line in RoundTripTests.shopLines.split(separator: 0x0a) { json += try frame(Array(line)) }
    var proto: [UInt8] = []
    var rest = RoundTripTests.shopStream[...]
    while !rest.isEmpty {
      let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      proto += try frame(Array(rest.dropFirst(4).prefix(length)))
      rest = rest.dropFirst(4 + length)
    }
    let plain = try spanTexts(requests(in: RoundTripTests.shopLines).requests)
    for bytes in [json, proto, json + proto] {
      let texts = try spanTexts(requests(in: bytes).requests)
      #expect(texts.count == plain.count * (bytes.count == json.count + proto.count ? 2 : 1))
      #expect(Set(texts) == Set(plain))
    }
    var damaged = json
    damaged[40] ^= 0xff
    #expect(throws: InputError.self) { try requests(in: damaged) }
    #expect(throws: InputError.self) { try requests(in: try frame(Array(#"{"a":1}"#.utf8))) }
  }

  static func document(span: String) -> String { #"{"resourceSpans":[{"scopeSpans":[{"spans":[\#(span)]}]}]}"# }

  static let nonsense: [(text: String, message: String)] = [
    ("hello", "plain text"), ("[1]", "a number"), (#"{"a":1}"#, "an object with \"a\""),
    (#"{"resourceSpans":["#, "ends"), (#"{"resourceSpans":7}"#, "expected an array"),
    (document(span: #"{"traceId":"xyz"}"#), "invalid id"),
    (document(span: #"{"traceId":"zz"}"#), "invalid id"),
    (document(span: #"{"startTimeUnixNano":"-1"}"#), "unsigned integer"),
    (document(span: #"{"kind":"SPAN_KIND_MAIN"}"#), "unknown span kind"),
    (document(span: #"{"attributes":[{"key":"k","value":{"bytesValue":"!"}}]}"#), "invalid base64"),
  ]

  @Test(arguments: nonsense)
  func nonsenseIsNamed(text: String, message: String) throws {
    let error = try #require(throws: InputError.self) { try requests(in: Array(text.utf8)) }
    #expect(error.description.contains(message), "\(error)")
  }

  @Test func everyTruncationOfAStreamIsAnErrorOrFewerSpans() throws {
    let bytes = Array(RoundTripTests.shopStream.prefix(4000))
    let length = Int(bytes[0]) << 24 | Int(bytes[1]) << 16 | Int(bytes[2]) << 8 | Int(bytes[3])
    for cut in 5..<min(4000, length) { #expect(throws: InputError.self) { try requests(in: Array(bytes[..<cut])) } }
  }

  @Test func badRecordsAreNamedByLineAndSkipped() throws {
    let text = [
      Self.document, #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":true}]}]}]}"#, "{oops", Self.document,
    ]
    .joined(separator: "\n")
    let error = try #require(throws: InputError.self) { try requests(in: Array(text.utf8)) }
    #expect(error.position == .line(2), "\(error)")
    let (found, skipped) = try requests(in: Array(text.utf8), skipBad: true)
    #expect(skipped == 2)
    #expect(try spanTexts(found).count == 4)
  }

  @Test func randomDamageNeverCrashes() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    for source in [Array(RoundTripTests.shopStream.prefix(60_000)), Array(RoundTripTests.shopLines.prefix(60_000))] {
      for _ in 0..<60 {
        var bytes = source
        for _ in 0..<Int.random(in: 1...20, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        let result = try? requests(in: bytes, skipBad: true)
        if let result { _ = try? spanTexts(result.requests) }
      }
    }
    #expect(Bool(true), "seed \(seed)")
  }
}
