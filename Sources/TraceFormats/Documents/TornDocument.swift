import JSON
import Platform

/// Makes a document out of the beginning of one.
enum TornDocument {
  /// Lists of telemetry, whose elements stand by themselves.
  private static let lists: [StaticString] = [
    "resourceSpans", "scopeSpans", "instrumentationLibrarySpans", "batches", "spans", "resourceMetrics", "scopeMetrics",
    "metrics", "resourceLogs", "scopeLogs", "logRecords", "data", "hits", "traces",
  ]
  /// Objects around such lists.
  private static let wrappers: [StaticString] = ["trace", "result", "hits"]

  private struct Level {
    var isObject: Bool
    /// Whether it is a list of telemetry, or stands in nothing but such lists.
    var counts: Bool
  }

  /// Appends what is whole in `text`, which ends early, and the brackets that are missing. `false` when nothing is whole.
  ///
  /// Whole is each element of a list of telemetry that was closed: the span that is cut goes, not a part of it.
  static func repair(_ text: ByteView, into out: inout ByteBuffer) -> Bool {
    var tokens = JSONTokenizer(text, depthLimit: 256)
    var levels: [Level] = []
    var key = ByteView.empty
    var whole: (end: Int, brackets: [UInt8])?
    do throws(JSONError) {
      while true {
        let token = try tokens.next()
        switch token.kind {
        case .key: key = tokens.bytes(of: token)
        case .objectStart:
          let parent = levels.last
          let counts = parent.map { $0.counts && (!$0.isObject || wrappers.contains { key.equals($0) }) } ?? true
          levels.append(Level(isObject: true, counts: counts))
        case .arrayStart:
          let parent = levels.last
          let counts = parent.map { $0.counts && ($0.isObject ? lists.contains { key.equals($0) } : true) } ?? true
          levels.append(Level(isObject: false, counts: counts))
        case .objectEnd, .arrayEnd:
          let closed = levels.popLast()
          guard closed?.isObject == true, let parent = levels.last, parent.counts, !parent.isObject else { continue }
          whole = (tokens.position, levels.reversed().map { $0.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]") })
        case .end: return false
        default: continue
        }
      }
    } catch {
      guard let whole else { return false }
      out.append(text.prefix(whole.end))
      out.append(whole.brackets)
      return true
    }
  }
}
