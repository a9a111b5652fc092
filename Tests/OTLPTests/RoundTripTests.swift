import Foundation
import OTLP
import Platform
import TestSupport
import Testing
import TraceFormats

/// All requests in `bytes`, as if they had come from a file.
func requests(
  in bytes: [UInt8], format: TraceFormat? = nil, skipBad: Bool = false
) throws -> (requests: [[UInt8]], skipped: Int) {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("ongrid-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: path) }
  try Data(bytes).write(to: URL(fileURLWithPath: path))
  var options = TraceInputOptions()
  options.format = format
  let input = try TraceInput([path], options: options)
  var decoder = TraceDecoder(skipsBad: skipBad)
  var found: [[UInt8]] = []
  while let chunk = try input.next() {
    try decoder.forEachRequest(in: chunk) { found.append([UInt8]($0.bytes)) }
  }
  return (found, decoder.skipped)
}

/// Every span as its OTLP/JSON text, sorted: what two encodings of the same spans have in common.
func spanTexts(_ requests: [[UInt8]]) throws -> [String] {
  var texts: [String] = []
  for request in requests {
    try request.withByteView { view in
      try RequestView(view).resourceSpans.forEach { (resource) throws(WireError) in
        try resource.scopeSpans.forEach { (scope) throws(WireError) in
          try scope.spans.forEach { (span) throws(WireError) in
            var out = ByteBuffer()
            try OTLPJSONWriter().write(span, into: &out)
            texts.append(String(out.view))
          }
        }
      }
    }
  }
  return texts.sorted()
}

func json(_ request: [UInt8], _ signal: OTLPSignal = .traces) throws -> String {
  var out = ByteBuffer()
  try request.withByteView { (view) throws(WireError) in try OTLPJSONWriter().write(view, signal, into: &out) }
  return String(out.view)
}

func transcode(_ text: String, _ signal: OTLPSignal = .traces) throws -> [UInt8] {
  var out = ByteBuffer()
  try Array(text.utf8).withByteView { (view) throws(TranscodeError) in
    var transcoder = JSONTranscoder(view, signal: signal)
    while try transcoder.next(into: &out) != nil {}
  }
  return [UInt8](out.view)
}

@Suite struct RoundTripTests {
  static let shopStream = (try? Fixtures.bytes("otlp/shop.otlp")) ?? []
  static let shopLines = (try? Fixtures.bytes("otlp/shop.jsonl")) ?? []

  @Test func protobufToJSONToProtobufIsLossless() throws {
    let requests = try requests(in: Self.shopStream).requests
    #expect(!requests.isEmpty)
    for request in requests {
      #expect(try transcode(json(request)) == request)
    }
  }

  @Test func jsonLinesAndStreamHoldTheSameSpans() throws {
    let fromStream = try spanTexts(requests(in: Self.shopStream).requests)
    let fromLines = try spanTexts(requests(in: Self.shopLines).requests)
    #expect(fromStream.count == 1948)
    #expect(fromStream == fromLines)
  }

  @Test func jsonToProtobufToJSONIsTheSameText() throws {
    let lines = String(decoding: Self.shopLines, as: UTF8.self).split(separator: "\n").map(String.init)
    for line in lines { #expect(try json(transcode(line)) == line) }
  }

  @Test func concatenatedMessagesAreOneMessage() throws {
    let requests = try requests(in: Self.shopStream).requests
    let message = requests.flatMap { $0 }
    #expect(try message.withByteView { try RequestWalk($0) }.items == 1948)
    #expect(try spanTexts(OTLPTests.requests(in: message).requests) == spanTexts(requests))
  }

  @Test func whatTheSDKSendsIsReadInFull() throws {
    let plain = try requests(in: Fixtures.bytes("otlp/sdk-python-identity.body")).requests
    let packed = try requests(in: Fixtures.bytes("otlp/sdk-python-gzip.body")).requests
    #expect(try spanTexts(plain).count == spanTexts(packed).count)
    for request in plain { #expect(try transcode(json(request)) == request) }
  }

  @Test func temposJSONHoldsWhatItsProtobufHolds() throws {
    let protobuf = try spanTexts(requests(in: Fixtures.bytes("tempo/trace-v1.pb")).requests)
    #expect(!protobuf.isEmpty)
    #expect(try spanTexts(requests(in: Fixtures.bytes("tempo/trace-v1.json")).requests) == protobuf)
    #expect(try spanTexts(requests(in: Fixtures.bytes("tempo/trace-v2.json")).requests) == protobuf)
  }
}
