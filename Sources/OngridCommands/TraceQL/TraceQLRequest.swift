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
    /// - Parameter sent: As of `query`.
    case difference(Query, sent: String, before: DifferenceSide, after: DifferenceSide)
  }

  enum Format: String, CaseIterable {
    case json, table, otlp, plot, waterfall, html, tree, mermaid, perfetto, folded, markdown

    /// Whether several traces become one drawing or document.
    var isOneDocument: Bool {
      switch self {
      case .json, .table, .plot, .otlp, .waterfall, .markdown: false
      case .html, .tree, .mermaid, .perfetto, .folded: true
      }
    }

    /// Whether it is made of whole traces.
    var needsTraces: Bool {
      switch self {
      case .json, .table, .plot, .markdown: false
      case .otlp, .waterfall, .html, .tree, .mermaid, .perfetto, .folded: true
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
  /// Whether what is found is printed as it arrives.
  let follows: Bool
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
    follows = try arguments[TraceQLOptions.follow]
    // Who sits before what is followed reads lines.
    let isForPeople = follows && !arguments.isGiven(TraceQLOptions.format) && Terminal.isTerminal(1)
    format = isForPeople ? .table : try arguments[TraceQLOptions.format]
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
    let isDifference = try arguments[TraceQLOptions.diff]
    guard [!traceIDs.isEmpty, tagValues != nil, tags, isInfo, isDifference].filter({ $0 }).count <= 1 else {
      throw .usage("only one of --trace-id, --tags, --tag-values, --info and --diff can be asked for")
    }
    if try arguments[TraceQLOptions.failOn] != nil, !isDifference { throw .usage("--fail-on needs --diff") }
    var positionals = arguments.positionals[...]
    let facets = try TraceFacets(arguments)
    if isDifference {
      guard !isCheck, !isRaw else { throw .usage("--diff goes with neither --check nor --raw") }
      guard positionals.count == 2 || positionals.count == 3, let after = positionals.popLast(),
        let before = positionals.popLast()
      else { throw .usage("--diff needs two runs: --diff [QUERY] BEFORE AFTER") }
      text = positionals.popFirst() ?? ""
      filter = nil
      let read = try text.isEmpty ? (query: Query.all, text: "{ }") : TraceQLRequest.portable(text)
      guard !read.query.isMetrics else { throw .usage("--diff compares the spans of a search, not series") }
      question = .difference(
        read.query, sent: read.text, before: try DifferenceSide(before, arguments),
        after: try DifferenceSide(after, arguments))
    } else if !traceIDs.isEmpty || tagValues != nil || tags || isInfo {
      guard !isCheck else { throw .usage("--check needs a query") }
      guard facets.isEmpty else { throw .usage("\(facets.firstOption) narrows a search") }
      text = ""
      // A query begins with spans in braces or a parenthesis, a file hardly ever does.
      if traceIDs.isEmpty, !isInfo, let first = positionals.first, first.hasPrefix("{") || first.hasPrefix("(") {
        positionals.removeFirst()
        let read = try TraceQLRequest.portable(first)
        filter = (read.query, read.text)
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
      guard let query = try facets.query(takenFrom: &positionals) else {
        throw .usage("a query is needed, such as '{ status = error }'")
      }
      text = query
      filter = nil
      if isCheck || isRaw {
        question = .rawQuery
      } else {
        let read = try TraceQLRequest.portable(query)
        question = .query(read.query, sent: read.text)
      }
    }
    files = try arguments[TraceQLOptions.from] + positionals
    if traceIDs.contains("-"), files.contains("-") {
      throw .usage("standard input cannot hold both the ids and the traces: give the traces as files")
    }
    try checkFormat()
  }

  private static func portable(_ text: String) throws(CommandError) -> (query: Query, text: String) {
    do throws(QueryError) { return try Query.portable(text) } catch { throw refusal(of: error, status: .usage) }
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
      if format == .plot || format == .table || format == .markdown {
        throw unsuitable("one trace", "json, otlp, waterfall, html or perfetto")
      }
      return
    case .tags, .tagValues:
      if format != .json, format != .table { throw unsuitable("a list of names", "json or table") }
      return
    case .difference:
      guard [.json, .table, .markdown, .waterfall].contains(format) else {
        throw unsuitable("a difference", "table, json, markdown or waterfall")
      }
      return
    }
    if format == .markdown { throw unsuitable("traces and series", "json or table; markdown is for --diff") }
    if isMetrics, format.needsTraces { throw unsuitable("series", "json, table or plot") }
    if !isMetrics, format == .plot { throw unsuitable("traces", "json, table, otlp, waterfall or html") }
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
