import OTLP
import Platform

/// What a mistaken piece of a query was probably meant to be.
enum Suggestion {
  private static let functions = [
    "count", "avg", "max", "min", "sum", "by", "select", "coalesce", "rate", "count_over_time", "min_over_time",
    "max_over_time", "avg_over_time", "sum_over_time", "quantile_over_time", "histogram_over_time", "compare",
    "topk", "bottomk", "with",
  ]

  /// First parts of names that semantic conventions put on the resource.
  private static let resourceNamespaces: Set<String> = [
    "service", "host", "k8s", "cloud", "container", "deployment", "process", "os", "telemetry", "device", "faas",
    "aws", "gcp", "azure", "heroku", "webengine",
  ]

  /// First parts of names that semantic conventions put on spans.
  private static let spanNamespaces: Set<String> = [
    "http", "db", "rpc", "messaging", "url", "net", "network", "server", "client", "user", "user_agent", "peer",
    "code", "thread", "enduser", "graphql", "gen_ai", "error", "file", "session", "tls",
  ]

  /// For a name without scope.
  static func forName(_ name: String) -> String {
    let head = String(name.prefix { $0 != "." })
    switch name {
    case "and", "AND": return "&&"
    case "or", "OR": return "||"
    case "not", "NOT": return "!"
    case "null", "NULL", "none", "None": return "nil"
    case "service": return "resource.service.name"
    default: break
    }
    if head == "trace" || head == "span", let rest = name.split(separator: ".").dropFirst().first,
      Intrinsic.scoped[head]?[String(rest)] != nil
    {
      return "\(head):\(rest)"
    }
    if name.contains(".") {
      if resourceNamespaces.contains(head) { return "resource.\(name)" }
      if spanNamespaces.contains(head) { return "span.\(name)" }
      return ".\(name)"
    }
    let words = Array(Intrinsic.unscoped.keys) + Literal.keywords.keys.filter { $0.count > 3 }
    return nearest(to: name, in: words.sorted()) ?? ".\(name)"
  }

  /// For a scoped intrinsic that belongs to another scope.
  static func otherScope(of name: String) -> String? {
    if Intrinsic.unscoped[name] != nil { return name }
    return Intrinsic.scoped.keys.sorted().first { Intrinsic.scoped[$0]?[name] != nil }.map { "\($0):\(name)" }
  }

  /// For a constant in quotes where the name itself is wanted: `status = "error"`, `duration > "1s"`.
  static func unquoted(_ left: FieldExpression, _ binary: BinaryOperator, _ right: FieldExpression) -> String? {
    guard case .literal(.string(let text), _) = right else { return nil }
    let wanted: Bool
    switch left.type {
    case .status: wanted = StatusCode.allCases.contains { $0.queryName == text }
    case .kind: wanted = SpanKind.allCases.contains { $0.queryName == text }
    case .duration: wanted = QueryDuration.parse(ArraySlice(text.utf8)) != nil
    case .int, .float: wanted = Double(text) != nil
    default: wanted = false
    }
    return wanted ? "\(left) \(binary.rawValue) \(text)" : nil
  }

  /// For two operators in a row that are one operator in other languages.
  static func forOperator(at index: Int, of tokens: [Token]) -> String? {
    guard case .symbol(let first) = tokens[index].kind, index + 1 < tokens.count,
      case .symbol(let second) = tokens[index + 1].kind, tokens[index].range.end == tokens[index + 1].range.start
    else { return nil }
    switch (first, second) {
    case (.equal, .equal): return "="
    case (.equal, .not): return "!="
    case (.less, .greater): return "!="
    case (.equal, .greater): return ">="
    case (.equal, .less): return "<="
    case (.sibling, .equal): return "=~"
    case (.notEqual, .equal): return "!="
    default: return nil
    }
  }

  /// For the token that was not expected.
  static func forToken(at index: Int, of tokens: [Token]) -> String? {
    if index > 0, let pair = forOperator(at: index - 1, of: tokens) { return pair }
    if let pair = forOperator(at: index, of: tokens) { return pair }
    guard case .word(let word) = tokens[index].kind else { return nil }
    switch word {
    case "and", "AND": return "&&"
    case "or", "OR": return "||"
    default: break
    }
    if index + 1 < tokens.count, tokens[index + 1].kind == .symbol(.openParen) {
      return nearest(to: word, in: functions).map { "\($0)(" }
    }
    return nil
  }

  /// The text of a word token, empty for others.
  static func name(of kind: Token.Kind) -> String {
    if case .word(let word) = kind { word } else { "" }
  }

  /// The candidate that differs least, if it is near enough to be a slip.
  static func nearest(to word: String, in candidates: [String]) -> String? {
    word.isEmpty ? nil : NearestName.of(word, in: candidates)
  }
}
