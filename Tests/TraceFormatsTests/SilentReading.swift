import OTLP
import Platform
import TraceFormats

/// A file as commands read it with `--skip-bad`.
struct SilentReading {
  /// The spans that were found, when nothing was to be said about the rest; nil otherwise.
  private(set) var spans: Int?

  init(of file: String) {
    var options = TraceInputOptions()
    options.skipsBad = true
    var count = 0
    do throws(InputError) {
      let input = try TraceInput([file], options: options)
      var decoder = TraceDecoder(skipsBad: true)
      while let chunk = try input.next() {
        try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in
          count += try RequestWalk(request.bytes).items
        }
      }
      let findings = input.findings.summary
      let isSilent =
        decoder.skipped == 0 && findings.skipped == 0 && findings.notUnderstood == 0 && findings.madeIDs == 0
        && findings.otherSignals.isEmpty
      spans = isSilent ? count : nil
    } catch {
      spans = nil
    }
  }

  /// The spans that a protobuf message or stream of messages holds by its field numbers, read by hand: a changed number
  /// may make a span a scope, which no reader can tell.
  static func count(_ bytes: [UInt8]) -> Int {
    if bytes.first == 0 {
      guard bytes.count > 4 else { return 0 }
      let end = min(bytes.count, 4 + bytes[..<4].reduce(0) { $0 << 8 | Int($1) })
      return fields(Array(bytes[4..<end]), [1, 2, 2]) + (end > 4 ? count(Array(bytes[end...])) : 0)
    }
    return fields(bytes, [1, 2, 2])
  }

  private static func fields(_ bytes: [UInt8], _ path: [Int]) -> Int {
    var index = 0
    func varint() -> Int? {
      var value = 0
      for shift in stride(from: 0, to: 56, by: 7) {
        guard index < bytes.count else { return nil }
        value |= Int(bytes[index] & 0x7f) << shift
        index += 1
        if bytes[index - 1] < 0x80 { return value }
      }
      return nil
    }
    var count = 0
    while index < bytes.count, let tag = varint() {
      switch tag & 7 {
      case 0: _ = varint()
      case 1: index += 8
      case 5: index += 4
      case 2:
        guard let length = varint(), index + length <= bytes.count else { return count }
        let known = tag >> 3 == path[0] || tag >> 3 == 1000 && path.count == 2
        if known {
          count += path.count == 1 ? 1 : fields(Array(bytes[index..<index + length]), Array(path.dropFirst()))
        }
        index += length
      default: return count
      }
    }
    return count
  }
}
