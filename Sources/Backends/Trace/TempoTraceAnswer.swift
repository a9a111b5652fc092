import JSON
import OTLP
import Platform
import Transport

/// What Tempo's second version of trace by id answers: the trace, and whether it is whole.
struct TempoTraceAnswer {
  /// As OTLP protobuf (TracesData), or the list of a JSON answer's `resourceSpans` as it stands there.
  var trace: [UInt8] = []
  /// Why it is not whole; `nil` when it is.
  var shortfall: String?

  /// Whether there is no such trace: Tempo then sends an empty one.
  var isMissing: Bool { shortfall == nil && trace.count <= 2 }

  /// TraceByIDResponse: trace=1, status=3 (1 is PARTIAL), message=4.
  init(protobuf body: [UInt8]) throws(WireError) {
    var trace: [UInt8] = []
    var isPartial = false
    var message = ""
    try body.withByteView { view throws(WireError) in
      var cursor = WireCursor(view)
      while let tag = try cursor.nextTag() {
        switch tag {
        case WireTag(field: 1, .lengthDelimited): trace += [UInt8](try cursor.bytes())
        case WireTag(field: 3, .varint): isPartial = try cursor.varint() == 1
        case WireTag(field: 4, .lengthDelimited): message = String(try cursor.bytes())
        default: try cursor.skip(tag)
        }
      }
      try trace.withByteView { view throws(WireError) in _ = try RequestWalk(view) }
    }
    self.trace = trace
    if isPartial { shortfall = TempoTraceAnswer.shortfall(message) }
  }

  /// `{"trace":{"resourceSpans":[…]},"status":"PARTIAL","message":"…"}`.
  init(json body: [UInt8]) throws(JSONError) {
    var trace: [UInt8] = []
    var status = ""
    var message = ""
    try body.withByteView { view throws(JSONError) in
      var tokenizer = JSONTokenizer(view)
      try TempoTraceAnswer.forEachMember(&tokenizer, view) { (name, tokenizer) throws(JSONError) in
        switch name {
        case "trace":
          try TempoTraceAnswer.forEachMember(&tokenizer, view) { (name, tokenizer) throws(JSONError) in
            let first = try tokenizer.next()
            try tokenizer.skipRest(of: first)
            if name == "resourceSpans", first.kind == .arrayStart {
              trace = [UInt8](view[first.start..<tokenizer.position])
            }
          }
        case "status": status = try TempoTraceAnswer.string(&tokenizer)
        case "message": message = try TempoTraceAnswer.string(&tokenizer)
        default: try tokenizer.skipValue()
        }
      }
    }
    self.trace = trace
    if status == "PARTIAL" || status == "1" { shortfall = TempoTraceAnswer.shortfall(message) }
  }

  private static func shortfall(_ message: String) -> String {
    "Tempo has sent a part of the trace only" + (message.isEmpty ? "" : ": " + ErrorMessage.line(message))
  }

  /// Calls `body` where the value of each member of the object that comes next begins; it must read that value.
  private static func forEachMember(
    _ tokenizer: inout JSONTokenizer, _ view: ByteView,
    _ body: (_ name: String, inout JSONTokenizer) throws(JSONError) -> Void
  ) throws(JSONError) {
    let first = try tokenizer.next()
    guard first.kind == .objectStart else { return try tokenizer.skipRest(of: first) }
    while true {
      let token = try tokenizer.next()
      guard token.kind == .key else { return }
      try body(String(tokenizer.bytes(of: token)), &tokenizer)
    }
  }

  /// A string or number that comes next, as text.
  private static func string(_ tokenizer: inout JSONTokenizer) throws(JSONError) -> String {
    let token = try tokenizer.next()
    try tokenizer.skipRest(of: token)
    guard token.kind == .string else { return token.kind == .number ? String(tokenizer.bytes(of: token)) : "" }
    guard token.hasEscapes else { return String(tokenizer.bytes(of: token)) }
    let quoted = [UInt8]("\"".utf8) + [UInt8](tokenizer.bytes(of: token)) + [UInt8]("\"".utf8)
    return try quoted.withByteView { view throws(JSONError) in try JSONDocument.parse(view) }.string ?? ""
  }
}
