/// One problem in the input.
public struct Diagnostic: Sendable {
  /// How bad it is.
  public enum Severity: String, Sendable {
    case error, warning
    /// Worth knowing; never makes anything fail.
    case note
  }

  /// Another place that the message speaks of.
  public struct Related: Sendable {
    /// Index in `RuleSet.sources`.
    public let source: Int
    /// Bytes of the source.
    public let range: Range<Int>
    /// What is there.
    public let message: String
  }

  /// What kind of problem it is.
  public let code: DiagnosticCode
  /// A warning may be made an error.
  public internal(set) var severity: Severity
  /// One line without a full stop.
  public let message: String
  /// Index in `RuleSet.sources`.
  public let source: Int
  /// The offending bytes of the source; nil when it is about the whole source.
  public let range: Range<Int>?
  /// What to do about it, as a clause: `did you mean "p95"?`.
  public let suggestion: String?
  /// Text that can stand where `range` is to solve the problem.
  public let replacement: String?
  /// Whether the replacement is what was meant beyond doubt, so that it may be put in unasked.
  public let isCertain: Bool
  /// Other places that matter.
  public let related: [Related]
  /// Index in `RuleSet.entries` of the rule it is about; nil for text that did not become one.
  public internal(set) var entry: Int?

  /// A problem with the severity of its code.
  public init(
    _ code: DiagnosticCode, _ message: String, source: Int, range: Range<Int>?, suggestion: String? = nil,
    replacement: String? = nil, isCertain: Bool = false, related: [Related] = [], entry: Int? = nil
  ) {
    self.code = code
    self.severity = code.severity
    self.message = message
    self.source = source
    self.range = range
    self.suggestion = suggestion
    self.replacement = replacement
    self.isCertain = isCertain && replacement != nil && range != nil
    self.related = related
    self.entry = entry
  }
}
