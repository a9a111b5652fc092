import JSON
import OTLP
import Platform
import TestSupport

@testable import Relay

extension FuzzTarget {
  /// Requests of each signal behind the byte that chooses it.
  private static func requests() throws -> [[UInt8]] {
    var seeds = [[0] + (try Fixtures.bytes("otlp/sdk-python-identity.body"))]
    for text in documents {
      var out = ByteBuffer()
      var signal: OTLPSignal?
      try Array(text.utf8).withByteView { view in
        var transcoder = JSONTranscoder(view, signal: nil)
        signal = try transcoder.next(into: &out)?.signal
      }
      let choice = OTLPSignal.allCases.firstIndex { $0 == signal } ?? 0
      seeds.append([UInt8(choice)] + [UInt8](out.view))
    }
    return seeds
  }

  /// What the walk accepts can be cut and spliced and keeps its items; what the writer writes reads back as itself.
  static let protobuf = FuzzTarget("protobuf", seeds: requests) { input in
    guard let (choice, view) = input.choice(of: 3) else { return }
    let signal = OTLPSignal.allCases[choice]
    try writeAndRead(view, signal)
    guard let walk = try? RequestWalk(view, signal: signal) else { return }
    var random = input.choices
    let splitter = RequestSplitter(
      maxItems: .random(in: 1...4, using: &random), maxBytes: .random(in: 1...2000, using: &random))
    var items = 0
    var failure: FuzzFailure?
    try splitter.split(view, signal: signal, items: walk.items) { part, count in
      items += count
      let found = try? RequestWalk(part.view, signal: signal)
      if found?.items != count { failure = FuzzFailure(description: "a part of \(count) walks as \(found as Any)") }
    }
    if let failure { throw failure }
    try hold(items == walk.items, "\(walk.items) items were cut into \(items)")
    let splice = ResourceSplice([("region", "eu"), ("service.name", "spliced")])
    var once = ByteBuffer()
    try splice.apply(to: view, into: &once)
    try hold(try RequestWalk(once.view, signal: signal).items == walk.items, "a splice lost items")
    var twice = ByteBuffer()
    try splice.apply(to: once.view, into: &twice)
    try hold(once.view == twice.view, "a second splice changes something")
  }

  /// A request that can be written as JSON is one that JSON gives back: the text is the same the second time.
  private static func writeAndRead(_ view: ByteView, _ signal: OTLPSignal) throws {
    var text = ByteBuffer()
    do { try OTLPJSONWriter().write(view, signal, into: &text) } catch { return }
    try readAndWrite(text.view, signal)
  }

  private static func readAndWrite(_ text: ByteView, _ signal: OTLPSignal) throws {
    guard hasOrdinaryIDs(text) else { return }
    var request = ByteBuffer()
    var transcoder = JSONTranscoder(text, signal: signal)
    do { _ = try transcoder.next(into: &request) } catch {
      throw FuzzFailure(description: "\(error) in written text \(String(text))")
    }
    var again = ByteBuffer()
    try OTLPJSONWriter().write(request.view, signal, into: &again)
    try hold(again.view == text, "\(String(text)) reads back as \(String(again.view))")
  }

  /// Ids of other lengths than OTLP's are not told apart from base64 in JSON.
  private static func hasOrdinaryIDs(_ text: ByteView) -> Bool {
    var tokens = JSONTokenizer(text)
    var length: Int?
    while let token = try? tokens.next(), token.kind != .end {
      let bytes = tokens.bytes(of: token)
      if token.kind == .string, let length, token.count != length { return false }
      let isKey = token.kind == .key
      length = isKey && bytes.equals("traceId") ? 32 : isKey && bytes.equals("spanId") ? 16 : nil
      if isKey, bytes.equals("parentSpanId") { length = 16 }
    }
    return true
  }

  private static let documents = [
    """
    {"resourceSpans":[{"resource":{"attributes":[{"key":"b","value":{"bytesValue":"AQID"}},
    {"key":"n","value":{"intValue":7}},{"key":"f","value":{"doubleValue":"NaN"}},{"key":"t","value":{"boolValue":true}},
    {"key":"a","value":{"arrayValue":{"values":[{"stringValue":"x\\u00e9"},{"kvlistValue":{"values":[{"key":"k"}]}}]}}}]},
    "scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174",
    "name":"a","kind":2,"startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000000,"flags":257,
    "events":[{"timeUnixNano":"1","name":"e"}],"links":[{"traceId":"W47/95gDgQPSabYzgT/GDA=="}],"status":{"code":2}}]}]}]}
    """,
    """
    {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[{"asDouble":1.5,"timeUnixNano":"7"}]}},
    {"name":"s","unit":"1","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"asInt":"3","exemplars":
    [{"asInt":"1","spanId":"eee19b7ec3c1b174","traceId":"5b8efff798038103d269b633813fc60c"}]},{"asInt":-4}]}},
    {"name":"h","histogram":{"dataPoints":[{"count":"2","sum":3,"bucketCounts":["1",1],"explicitBounds":[0.5],"min":1}]}},
    {"name":"e","exponentialHistogram":{"dataPoints":[{"scale":-1,"zeroCount":1,"positive":{"offset":2,"bucketCounts":[1]}}]}},
    {"name":"y","summary":{"dataPoints":[{"quantileValues":[{"quantile":0.5,"value":2}]}]}}]}]}]}
    """,
    """
    {"resourceLogs":[{"resource":{},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","severityNumber":9,"severityText":"INFO",
    "body":{"stringValue":"hello"},"attributes":[{"key":"a","value":{}}],"traceId":"5b8efff798038103d269b633813fc60c",
    "spanId":"eee19b7ec3c1b174","flags":1,"eventName":"e"},{"body":{"kvlistValue":{"values":[]}}}]}],"schemaUrl":"u"}]}
    """,
  ]

  private static func texts() throws -> [[UInt8]] {
    let lines = try Fixtures.text("otlp/shop.jsonl").split(separator: "\n").prefix(3).map { Array($0.utf8) }
    return documents.map { Array($0.utf8) } + [try Fixtures.bytes("tempo/trace-v2.json"), Array("{}".utf8)]
      + lines.map { Array($0.prefix(1500)) + Array("]}]}]}".utf8) }
  }

  /// What is transcoded is well-formed protobuf, its canonical text reads back as itself, and the way the text is laid out
  /// makes no difference.
  static let json = FuzzTarget("json", seeds: texts) { view in
    var transcoder = JSONTranscoder(view, signal: nil)
    var out = ByteBuffer()
    guard let document = try? transcoder.next(into: &out), let signal = document.signal else { return }
    // An id of any length has a text, and is judged with the request.
    do { _ = try RequestWalk(out.view, signal: signal) } catch WireError.badLength {}
    try writeAndRead(out.view, signal)
    try compareWithTree(view, out.view)
  }

  /// The transcoder's fast paths see only compact text: the same document with space everywhere must give the same.
  private static func compareWithTree(_ view: ByteView, _ transcoded: ByteView) throws {
    // Keys with escapes are unknown to the transcoder and plain in a tree.
    guard view.firstIndex(of: UInt8(ascii: "\\")) == nil, let tree = try? JSONDocument.parse(view) else { return }
    var writer = JSONWriter(style: .pretty)
    writer.value(tree)
    var out = ByteBuffer()
    try writer.bytes.withByteView { spaced in
      var transcoder = JSONTranscoder(spaced, signal: nil)
      _ = try transcoder.next(into: &out)
    }
    try hold(out.view == transcoded, "the layout of the text makes a difference")
  }
}
