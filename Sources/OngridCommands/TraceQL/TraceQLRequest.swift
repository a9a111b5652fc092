import Platform
import TraceQL
import Traces

/// What a call of `ongrid traceql` asks for, whoever answers it.
struct TraceQLRequest {
  enum Question {
    /// - Parameter sent: What a server is asked.
    case query(Query, sent: String)
    /// Sent as it is.
    case rawQuery
    /// Ids of 32 digits, in the order they were asked for.
    case traces([String])
    case tags
    case tagValues(String)
  }

  enum Format: String, CaseIterable {
    case json, table, otlp, plot, waterfall, tree, mermaid, perfetto, folded

    /// Whether it is made of whole traces.
    var needsTraces: Bool {
      switch self {
      case .json, .table, .plot: false
      case .otlp, .waterfall, .tree, .mermaid, .perfetto, .folded: true
      }
    }
  }

  /// What a waterfall shows of a trace.
  enum Only: String, CaseIterable, Sendable {
    case errors, critical
  }

  let text: String
  /// Whether answers are handed on byte for byte.
  let isRaw: Bool
  /// The filter of a question for names or values: the query, and its text for a server.
  let filter: (query: Query, sent: String)?
  let layout: TextLayout
  let folding: Waterfall.Folding
  let showsDetails: Bool
  let isCheck: Bool
  let question: Question
  let format: Format
  let isInfo: Bool
  private let exitStatus: Bool
  private let failIfFound: Bool
  let limit: Int
  let spansPerSet: Int
  /// ns.
  let step: Int64
  /// Whether a metrics query gives one value over the whole range.
  let isInstant: Bool
  /// The time range, where one was asked for.
  let start: Timestamp?
  let end: Timestamp?
  /// How far back from the end where no start was given, in ns.
  let since: Int64
  /// Files with traces.
  let files: [String]

  init(_ arguments: Arguments) throws(CommandError) {
    format = try arguments[TraceQLOptions.format]
    exitStatus = try arguments[TraceQLOptions.exitStatus]
    failIfFound = try arguments[TraceQLOptions.failIfFound]
    isInfo = try arguments[TraceQLOptions.info]
    guard !exitStatus || !failIfFound else { throw .usage("--exit-status and --fail-if-found exclude each other") }
    limit = try arguments[TraceQLOptions.limit]
    spansPerSet = try arguments[TraceQLOptions.spansPerSet]
    step = try arguments[TraceQLOptions.step].nanoseconds
    isInstant = try arguments[TraceQLOptions.instant]
    isCheck = try arguments[TraceQLOptions.check]
    isRaw = try arguments[TraceQLOptions.raw]
    layout = TextLayout(
      colors: try arguments[CommonOptions.color].usesColor(on: 1), width: try arguments[TraceQLOptions.width],
      isUTC: try arguments[TraceQLOptions.utc], now: arguments.now)
    showsDetails = try arguments[TraceQLOptions.details]
    folding = Waterfall.Folding(
      below: try arguments[TraceQLOptions.foldBelow]?.nanoseconds ?? 0,
      maximumDepth: try arguments[TraceQLOptions.maxDepth] ?? .max,
      only: try arguments[TraceQLOptions.only].map { $0 == .errors ? .errors : .critical })

    since = try arguments[TraceQLOptions.since].nanoseconds
    (start, end) = try TimeRangeOptions.read(arguments)

    let traceIDs = try arguments[TraceQLOptions.traceID]
    let tagValues = try arguments[TraceQLOptions.tagValues]
    let tags = try arguments[TraceQLOptions.tags]
    guard [!traceIDs.isEmpty, tagValues != nil, tags, isInfo].filter({ $0 }).count <= 1 else {
      throw .usage("only one of --trace-id, --tags, --tag-values and --info can be asked for")
    }
    var positionals = arguments.positionals[...]
    if !traceIDs.isEmpty || tagValues != nil || tags || isInfo {
      guard !isCheck else { throw .usage("--check needs a query") }
      text = ""
      // A query begins with spans in braces or a parenthesis, a file hardly ever does.
      if traceIDs.isEmpty, !isInfo, let first = positionals.first, first.hasPrefix("{") || first.hasPrefix("(") {
        positionals.removeFirst()
        do throws(QueryError) {
          let read = try Query.portable(first)
          filter = (read.query, read.text)
        } catch {
          throw TraceQLRequest.refusal(of: error, status: .usage)
        }
        guard filter?.query.isMetrics == false else { throw .usage("the filter of a list selects spans, not series") }
      } else {
        filter = nil
      }
      question =
        traceIDs.isEmpty
        ? tagValues.map { .tagValues($0) } ?? .tags
        : .traces(
          try TraceIDList.read(
            traceIDs, arguments, inFiles: try arguments[TraceQLOptions.from].count + positionals.count > 0))
    } else {
      guard let query = positionals.popFirst() else {
        throw .usage("a query is needed, such as '{ status = error }'")
      }
      text = query
      filter = nil
      if isCheck || isRaw {
        question = .rawQuery
      } else {
        do throws(QueryError) {
          let read = try Query.portable(query)
          question = .query(read.query, sent: read.text)
        } catch {
          throw TraceQLRequest.refusal(of: error, status: .usage)
        }
      }
    }
    files = try arguments[TraceQLOptions.from] + positionals
    if traceIDs.contains("-"), files.contains("-") {
      throw .usage("standard input cannot hold both the ids and the traces: give the traces as files")
    }
    try checkFormat()
  }

  /// The status of an answer that found something or nothing.
  func status(found: Bool) -> ExitStatus {
    if found { return failIfFound ? .no : .done }
    return exitStatus ? .no : .done
  }

  /// What follows from traces that are not where they were looked for: an error when it is all of them; nil when it is none.
  func missing(_ missing: [String], of count: Int, _ place: String, _ log: Log) throws(CommandError) -> ExitStatus? {
    guard let first = missing.first else { return nil }
    let words = "no trace \(first)\(missing.count > 1 ? " and \(missing.count - 1) others" : "") in \(place)"
    if missing.count == count { throw CommandError(words, status: .no) }
    log.warn(words)
    return .partial
  }

  /// One line for an answer that may be cut: as many traces as were asked for, or none in a range that nobody chose.
  func note(traces: Int, isRemote: Bool, _ log: Log) {
    if limit > 0, traces >= limit {
      log.info("as many traces as --limit allows (\(limit)): there may be more", ["limit": "\(limit)"])
    } else if traces == 0, isRemote, start == nil, end == nil {
      let range = DurationText.format(since)
      log.info("nothing found in the last \(range): --since looks further back", ["since": range])
    }
  }

  private func checkFormat() throws(CommandError) {
    let isMetrics: Bool
    switch question {
    case .query(let query, _): isMetrics = query.isMetrics
    // An unread query may be either.
    case .rawQuery: return
    case .traces:
      if format == .plot || format == .table { throw unsuitable("one trace", "json, otlp, waterfall or perfetto") }
      return
    case .tags, .tagValues:
      if format != .json, format != .table { throw unsuitable("a list of names", "json or table") }
      return
    }
    if isMetrics, format.needsTraces { throw unsuitable("series", "json, table or plot") }
    if !isMetrics, format == .plot { throw unsuitable("traces", "json, table, otlp or waterfall") }
  }

  private func unsuitable(_ what: String, _ formats: String) -> CommandError {
    .usage("--format \(format.rawValue) does not suit \(what): use \(formats)")
  }

  /// A query that is not valid, as an error with the offending place.
  static func refusal(of error: QueryError, status: ExitStatus) -> CommandError {
    var refusal = CommandError(StandardErrorLog.oneLine(error.description), status: status)
    // Characters that do not print take one column each, so that the caret stands below what it means.
    refusal.detail = error.excerpt.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      "  " + String(line.map { $0.isShown ? $0 : $0 == "\t" ? " " : "\u{FFFD}" })
    }.joined(separator: "\n")
    return refusal
  }
}

extension Character {
  fileprivate var isShown: Bool {
    !unicodeScalars.contains { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: true
      default: false
      }
    }
  }
}
