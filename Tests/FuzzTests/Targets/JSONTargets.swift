import JSON
import Platform
import TestSupport

extension FuzzTarget {
  private static func seedDocuments() throws -> [[UInt8]] {
    [
      Array(#"{"a":[1,-2.5e-3,true,null,"x\u00e9\n\ud83d\ude00"],"b":{"c":"ü"},"a":0}"#.utf8), Array("[]\n{}\n1".utf8),
      try Fixtures.bytes("prometheus/query-vector.json"),
    ]
  }

  /// The tokenizer and the tree agree on what JSON is; a tree that is written reads back as itself; errors have a place.
  static let document = FuzzTarget("document", seeds: seedDocuments) { view in
    let problem = tokenize(view)
    do {
      let tree = try JSONDocument.parse(view)
      try hold(problem == nil, "the tokenizer refuses what the tree takes: \(problem as Any)")
      for style in [JSONWriter.Style.compact, .pretty] {
        var writer = JSONWriter(style: style)
        writer.value(tree)
        let again = try writer.bytes.withByteView { try JSONDocument.parse($0) }
        try hold(isSame(tree, again), "\(String(decoding: writer.bytes, as: UTF8.self)) reads back as something else")
      }
    } catch let error as JSONError {
      try hold(problem != nil || error.reason == .tooDeep, "the tree refuses what the tokenizer takes: \(error)")
      let place = LineColumn(of: error.offset, in: view)
      try hold(error.offset <= view.count && place.line > 0 && place.column > 0, "an error at \(error.offset)")
      try hold(LineIndex(view).place(of: error.offset, in: view) == place, "two places for \(error.offset)")
    }
  }

  private static func tokenize(_ view: ByteView) -> JSONError? {
    var tokens = JSONTokenizer(view)
    do throws(JSONError) {
      while true {
        let token = try tokens.next()
        switch token.kind {
        case .end: return nil
        case .number:
          let text = tokens.bytes(of: token)
          if let whole = JSONNumber.int64(text), JSONNumber.double(text) != Double(whole) {
            return JSONError(.invalidNumber, at: token.start)
          }
        case .string, .key: _ = JSONUnescape.string(tokens.bytes(of: token))
        default: break
        }
      }
    } catch { return error }
  }

  /// Whether two trees differ at most in where their values stand.
  private static func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
    switch (left.content, right.content) {
    case (.object(let a), .object(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && isSame($0.value, $1.value) }
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { isSame($0, $1) }
    default: left.content == right.content
    }
  }
}
