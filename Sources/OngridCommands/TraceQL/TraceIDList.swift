import Backends
import JSON
import Platform
import TraceFormats

/// Trace ids as a user gives them: as words, or on standard input.
enum TraceIDList {
  private static let maximumInput = 64 << 20

  /// The ids in 32 digits, each once. `-` stands for those on standard input: words, or JSON in which they stand under
  /// `traceID`, `trace_id` or `traceId`.
  ///
  /// - Parameter inFiles: whether they are looked for in files, where Jaeger's may be any text.
  static func read(_ words: [String], _ arguments: Arguments, inFiles: Bool) throws(CommandError) -> [String] {
    var ids: [String] = []
    var known: Set<String> = []
    func add(_ word: String) throws(CommandError) {
      guard let id = TraceIDText.padded(word) ?? (inFiles ? MadeID.trace(word) : nil) else {
        throw .usage("--trace-id '\(StandardErrorLog.oneLine(word))': must be up to 32 hexadecimal digits")
      }
      if known.insert(id).inserted { ids.append(id) }
    }
    for word in words {
      guard word == "-" else {
        try add(word)
        continue
      }
      try StandardErrorLog.sayThatItWaits(for: "trace ids", arguments)
      let bytes: [UInt8]
      do throws(SystemError) { bytes = try WholeFile.read(.standardInput, limit: maximumInput) } catch {
        throw .usage("cannot read ids from standard input: \(error.reason)")
      }
      let first = bytes.first { !$0.isASCIISpace }
      if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
        for id in try inJSON(bytes) { try add(id) }
      } else {
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: { $0.isWhitespace }) {
          try add(String(line))
        }
      }
    }
    guard !ids.isEmpty else { throw .usage("--trace-id -: there are no ids on standard input") }
    return ids
  }

  private static func inJSON(_ bytes: [UInt8]) throws(CommandError) -> [String] {
    var ids: [String] = []
    do throws(JSONError) {
      try bytes.withByteView { view throws(JSONError) in
        var tokens = JSONTokenizer(view, manyDocuments: true)
        while true {
          let token = try tokens.next()
          if token.kind == .end { return }
          guard token.kind == .key else { continue }
          let key = tokens.bytes(of: token)
          guard key.equals("traceID") || key.equals("trace_id") || key.equals("traceId") else { continue }
          let value = try tokens.next()
          if value.kind == .string, value.count > 0 { ids.append(String(tokens.bytes(of: value))) }
        }
      }
    } catch {
      throw .usage("--trace-id -: \(error)")
    }
    return ids
  }
}

extension UInt8 {
  fileprivate var isASCIISpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
