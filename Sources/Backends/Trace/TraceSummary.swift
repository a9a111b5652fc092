import JSON
public import Platform

/// A trace as a search finds it.
public struct TraceSummary: Sendable, Equatable {
  /// A span that matched.
  public struct Span: Sendable, Equatable {
    /// 16 hexadecimal digits.
    public var id: String
    public var start: Timestamp
    public var durationNanoseconds: Int64
    /// Attributes that the query named, as text.
    public var attributes: [String: String]
  }

  /// 32 hexadecimal digits.
  public var id: String
  public var rootService: String
  public var rootName: String
  public var start: Timestamp
  public var durationMilliseconds: Int64
  /// Spans of all spansets, each once.
  public var spans: [Span]

  static func read(_ answer: JSONValue, _ client: BackendClient) throws(BackendError) -> [TraceSummary] {
    // An answer without traces may leave the key out.
    guard let members = answer.members else { throw client.unexpected("the search answer is no object") }
    guard let traces = members.last(where: { $0.key == "traces" })?.value else { return [] }
    if traces.isNull { return [] }
    guard let elements = traces.elements else { throw client.unexpected("\"traces\" is not a list") }
    return elements.compactMap(summary)
  }

  private static func summary(_ value: JSONValue) -> TraceSummary? {
    guard let id = value["traceID"]?.string.flatMap(TraceIDText.padded) else { return nil }
    let sets = value["spanSets"]?.elements ?? value["spanSet"].map { [$0] } ?? []
    var spans: [Span] = []
    var seen: Set<String> = []
    for set in sets {
      for span in set["spans"]?.elements ?? [] {
        guard let id = span["spanID"]?.string.flatMap(TraceIDText.paddedSpan), seen.insert(id).inserted else {
          continue
        }
        spans.append(
          Span(
            id: id, start: Timestamp(nanoseconds: number(span["startTimeUnixNano"])),
            durationNanoseconds: number(span["durationNanos"]), attributes: attributes(span["attributes"])))
      }
    }
    return TraceSummary(
      id: id, rootService: value["rootServiceName"]?.string ?? "", rootName: value["rootTraceName"]?.string ?? "",
      start: Timestamp(nanoseconds: number(value["startTimeUnixNano"])),
      durationMilliseconds: number(value["durationMs"]), spans: spans)
  }

  /// 64-bit integers come as strings or as numbers.
  private static func number(_ value: JSONValue?) -> Int64 {
    value?.string.flatMap { Int64($0) } ?? value?.int64 ?? 0
  }

  private static func attributes(_ value: JSONValue?) -> [String: String] {
    var result: [String: String] = [:]
    for attribute in value?.elements ?? [] {
      guard let key = attribute["key"]?.string, let member = attribute["value"]?.members?.first else { continue }
      result[key] = member.value.string ?? member.value.numberText ?? member.value.bool.map { String($0) } ?? ""
    }
    return result
  }
}
