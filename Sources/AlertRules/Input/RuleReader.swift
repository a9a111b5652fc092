import JSON
import Platform
import YAML

/// Finds the rules in one text: objects, arrays of objects, one after another; and rows and lists of rows as the system that
/// rules come from serves and stores them.
struct RuleReader {
  /// Syntax errors after which a source is given up: it is no file of rules.
  private static let syntaxErrorLimit = 100

  let source: RuleSource
  let index: Int
  /// Index that the first entry of this source will have in the set.
  let firstEntry: Int
  let serviceLabel: String
  private(set) var entries: [RuleEntry] = []
  private(set) var diagnostics: [Diagnostic] = []
  /// Rows that were passed over, by what they are.
  private var passedOver = PassedOver()
  /// How many of them are about rules rather than about the text.
  private var ruleProblems = 0

  init(source: RuleSource, index: Int, firstEntry: Int, serviceLabel: String) {
    self.source = source
    self.index = index
    self.firstEntry = firstEntry
    self.serviceLabel = serviceLabel
  }

  mutating func read() {
    if YAMLRules.isYAML(source) { readYAML() } else { readDocuments() }
    diagnostics += passedOver.notes(source: index)
  }

  private mutating func readDocuments() {
    source.bytes.withByteView { view in
      var tokenizer = JSONTokenizer(view, depthLimit: JSONDocument.depthLimit, manyDocuments: true)
      var documents = 0
      while true {
        do throws(JSONError) {
          let first: JSONToken
          do throws(JSONError) {
            first = try tokenizer.next()
          } catch {
            reportSyntax(error, afterDocument: documents > 0)
            if !recover(&tokenizer, in: view, fromArray: false) { return }
            continue
          }
          if first.kind == .end { return }
          documents += 1
          if first.kind == .arrayStart {
            try readElements(&tokenizer)
          } else {
            try readRule(first, &tokenizer)
          }
        } catch {
          reportSyntax(error, afterDocument: false)
          if !recover(&tokenizer, in: view, fromArray: isArray(tokenizer, view)) { return }
        }
      }
    }
  }

  private mutating func readYAML() {
    let yaml = YAMLRules(source.bytes)
    do throws(YAMLError) {
      for document in try yaml.documents() {
        for rule in document.elements ?? [document] where !rule.isNull { readRule(rule, rule.range) }
      }
    } catch {
      let range = yaml.range(error)
      report(
        Diagnostic(
          .syntax, "not valid YAML: \(error.reason)", source: index, range: range,
          suggestion: source.text(source.lineRange(at: range.lowerBound)).contains("\t")
            ? "YAML is indented with spaces, not tabs" : nil))
    }
  }

  private mutating func readElements(_ tokenizer: inout JSONTokenizer) throws(JSONError) {
    while true {
      let token = try tokenizer.next()
      if token.kind == .arrayEnd { return }
      try readRule(token, &tokenizer)
    }
  }

  private mutating func readRule(_ first: JSONToken, _ tokenizer: inout JSONTokenizer) throws(JSONError) {
    readRule(try JSONDocument.read(first, &tokenizer), first.range)
  }

  /// - Parameter start: Where the value begins.
  private mutating func readRule(_ value: JSONValue, _ start: Range<Int>) {
    guard case .object(let members) = value.content else {
      report(
        Diagnostic(
          .notARule, "a rule must be an object, not \(value.kindName)", source: index, range: start,
          suggestion: value.elements == nil ? nil : "rules stand in one array, not in arrays of arrays"))
      return
    }
    if let other = members.first(where: { ["groups", "apiVersion"].contains($0.key) }), YAMLRules.isYAML(source) {
      let what = other.key == "groups" ? "a rules file of Prometheus" : "an object of Kubernetes"
      report(Diagnostic(.passedOver, "\(what) passed over", source: index, range: other.keyRange))
      return
    }
    if let rows = RuleRow.list(in: members) {
      for row in rows { addRule(row, isRow: true) }
    } else {
      addRule(value, isRow: RuleRow.isRow(members))
    }
  }

  private mutating func addRule(_ value: JSONValue, isRow: Bool) {
    guard case .object(let members) = value.content else {
      report(
        Diagnostic(.notARule, "a rule must be an object, not \(value.kindName)", source: index, range: value.range))
      return
    }
    if isRow, passedOver.take(value) { return }
    var decoder = RuleDecoder(source: source, index: index, serviceLabel: serviceLabel, isRow: isRow)
    let rule = decoder.decode(members, range: value.range)
    ruleProblems += decoder.diagnostics.count
    for var diagnostic in decoder.diagnostics {
      diagnostic.entry = firstEntry + entries.count
      diagnostics.append(diagnostic)
    }
    // An objective is two alerts.
    for alert in [rule] + (rule?.secondAlert.map { [$0] } ?? []) {
      entries.append(
        RuleEntry(
          rule: alert, key: value["rule_key"]?.string, kind: value["kind"]?.string, source: index, range: value.range))
    }
  }

  private mutating func reportSyntax(_ error: JSONError, afterDocument: Bool) {
    let start = min(error.offset, source.bytes.count)
    let range = start..<min(start + SyntaxHint.length(at: start, source.bytes), source.bytes.count)
    switch error.reason {
    case .invalidUTF8:
      report(Diagnostic(.invalidUTF8, error.message, source: index, range: range))
    case _ where afterDocument:
      report(
        Diagnostic(
          .trailingText, "unexpected text after the rule", source: index, range: range,
          suggestion: "only further rules may follow"))
    default:
      report(
        Diagnostic(
          .syntax, error.message, source: index, range: range, suggestion: SyntaxHint.text(error, source.bytes)))
    }
  }

  private mutating func report(_ diagnostic: Diagnostic) {
    diagnostics.append(diagnostic)
  }

  /// Whether the broken document is an array: then there is no telling where its next element begins.
  private func isArray(_ tokenizer: JSONTokenizer, _ view: ByteView) -> Bool {
    guard tokenizer.depth > 0 else { return false }
    return tokenizer.isOutermostArray
  }

  /// Goes on at the next line that begins with an object, so that one broken line does not hide the others.
  private func recover(_ tokenizer: inout JSONTokenizer, in view: ByteView, fromArray: Bool) -> Bool {
    if fromArray || diagnostics.count - ruleProblems >= RuleReader.syntaxErrorLimit { return false }
    repeat {
      tokenizer.skipLine()
      guard tokenizer.position < view.count else { return false }
    } while view[tokenizer.position] != UInt8(ascii: "{")
    return true
  }
}
