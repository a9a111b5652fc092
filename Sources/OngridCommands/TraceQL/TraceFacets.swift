import Platform
import TraceQL

/// What a search is usually narrowed by, without the language: beside a query or in place of one.
struct TraceFacets {
  static let service = Option.value(
    "service", "NAME", .text, help: "Only spans of this service",
    documentation: "Beside a query, this and the others narrow its first braces; without one, they are the query.")
  static let operation = Option.value("operation", "NAME", .text, help: "Only spans of this name")
  static let minDuration = Option.value(
    "min-duration", "DURATION", .duration(), help: "Only traces that took at least this long")
  static let maxDuration = Option.value(
    "max-duration", "DURATION", .duration(), help: "Only traces that took at most this long")
  static let deviceID = Option.value(
    "device-id", "ID", .text, help: "Only spans with this `resource.device_id`")

  static let group = OptionGroup("Facets", [service, operation, minDuration, maxDuration, deviceID])

  var service: String?
  var operation: String?
  var minimum: Duration?
  var maximum: Duration?
  var deviceID: String?

  init() {}

  init(_ arguments: Arguments) throws(CommandError) {
    service = try arguments[TraceFacets.service]
    operation = try arguments[TraceFacets.operation]
    minimum = try arguments[TraceFacets.minDuration]
    maximum = try arguments[TraceFacets.maxDuration]
    deviceID = try arguments[TraceFacets.deviceID]
  }

  var isEmpty: Bool { conditions.isEmpty }

  /// For a message.
  var firstOption: String {
    let given = [
      (service != nil, "service"), (operation != nil, "operation"), (minimum != nil, "min-duration"),
      (maximum != nil, "max-duration"), (deviceID != nil, "device-id"),
    ]
    return "--" + (given.first { $0.0 }?.1 ?? "")
  }

  private var conditions: [String] {
    func text(_ value: String) -> String { "\(Literal.string(value))" }
    func length(_ value: Duration) -> String { "\(Literal.duration(Int(value.nanoseconds)))" }
    return [
      deviceID.map { "resource.device_id = \(text($0))" }, service.map { "resource.service.name = \(text($0))" },
      operation.map { "name = \(text($0))" }, minimum.map { "traceDuration >= \(length($0))" },
      maximum.map { "traceDuration <= \(length($0))" },
    ].compactMap(\.self)
  }

  /// The query of a command line: the first argument, narrowed. With facets it need not be there, and is taken for a file
  /// unless it begins as queries do.
  func query(takenFrom words: inout ArraySlice<String>) throws(CommandError) -> String? {
    guard !isEmpty else { return words.popFirst() }
    let isQuery = words.first.map { $0.hasPrefix("{") || $0.hasPrefix("(") } ?? false
    let query = isQuery ? words.popFirst() : nil
    do throws(QueryError) { return try narrowed(query) } catch {
      throw TraceQLRequest.refusal(of: error, status: .usage)
    }
  }

  /// The query with the conditions in its first braces; nil when there is neither.
  func narrowed(_ query: String?) throws(QueryError) -> String? {
    let conditions = conditions.joined(separator: " && ")
    guard let query, !query.allSatisfy(\.isWhitespace) else { return conditions.isEmpty ? nil : "{ \(conditions) }" }
    guard !conditions.isEmpty else { return query }
    // As the printer writes it, there are no comments and no strings in backquotes.
    let text = try Query(parsing: query).description
    guard let (open, close) = TraceFacets.firstBraces(text) else { return query }
    var inner = text[text.index(after: open)..<close].drop(while: \.isWhitespace)
    while inner.last?.isWhitespace == true { inner.removeLast() }
    let all = inner.isEmpty ? conditions : "\(conditions) && (\(inner))"
    return text[..<open] + "{ \(all) }" + text[text.index(after: close)...]
  }

  private static func firstBraces(_ text: String) -> (String.Index, String.Index)? {
    var open: String.Index?
    var isQuoted = false
    var isEscaped = false
    for index in text.indices {
      switch text[index] {
      case _ where isEscaped: isEscaped = false
      case "\\" where isQuoted: isEscaped = true
      case "\"": isQuoted.toggle()
      case "{" where !isQuoted && open == nil: open = index
      case "}" where !isQuoted: return open.map { ($0, index) }
      default: break
      }
    }
    return nil
  }
}
