/// The stable code of a kind of problem. Codes are never reused; errors are below 100, warnings about the rule above it,
/// findings on a live server above 200, notes above 300.
public enum DiagnosticCode: String, Sendable, CaseIterable {
  case syntax = "OG001"
  case invalidUTF8 = "OG002"
  case trailingText = "OG003"
  case notARule = "OG004"
  case duplicateKey = "OG005"
  case unknownField = "OG006"
  case wrongType = "OG007"
  case missingField = "OG008"
  case emptyValue = "OG009"
  case unknownKind = "OG010"
  case foreignKind = "OG011"
  case quantile = "OG012"
  case duration = "OG013"
  case zeroWindow = "OG014"
  case threshold = "OG015"
  case comparison = "OG016"
  case missingScope = "OG017"
  case labelName = "OG018"
  case reservedLabel = "OG019"
  case conflict = "OG020"
  case unknownCode = "OG021"
  case nothingToCompile = "OG022"
  case unreadable = "OG023"
  case embeddedSyntax = "OG024"
  case spanKind = "OG025"
  case objective = "OG026"
  case traceQL = "OG027"

  case aboveLastBucket = "OG101"
  case betweenBuckets = "OG102"
  case neverFires = "OG103"
  case alwaysFires = "OG104"
  case floatEquality = "OG105"
  case emptyWindow = "OG106"
  case tightWindow = "OG107"
  case sameExpression = "OG108"
  case silentWhenGone = "OG109"
  case unusedScope = "OG110"
  case sameKey = "OG111"
  case notABound = "OG112"
  case sameAlert = "OG113"
  case mislabelled = "OG114"
  case strangeCharacters = "OG115"
  case pattern = "OG116"
  case unit = "OG117"
  case longTime = "OG118"
  case shortHold = "OG119"
  case runbook = "OG120"
  case severity = "OG121"
  case missingLabel = "OG122"
  case missingAnnotation = "OG123"

  case refusedByServer = "OG201"
  case noSeries = "OG202"
  case unknownService = "OG203"
  case unknownOperation = "OG204"
  case otherConvention = "OG205"
  case unknownScope = "OG206"
  case mixedRates = "OG207"
  case beyondRealBuckets = "OG208"
  case sparseSamples = "OG209"
  case stoppedSeries = "OG210"
  case firesTooOften = "OG211"

  case estimateInterval = "OG301"
  case mixedKinds = "OG302"
  case passedOver = "OG303"
  case disabledRow = "OG304"
  case fewCalls = "OG305"
  case wouldFire = "OG306"

  /// What the code stands for, as a heading.
  public var title: String {
    switch self {
    case .syntax: "Not valid JSON"
    case .invalidUTF8: "Not valid UTF-8"
    case .trailingText: "Text after the last rule"
    case .notARule: "Not a rule object"
    case .duplicateKey: "Key given twice"
    case .unknownField: "Unknown field"
    case .wrongType: "Value of the wrong type"
    case .missingField: "Required field is missing"
    case .emptyValue: "Empty value"
    case .unknownKind: "Unknown kind of rule"
    case .foreignKind: "Not a trace rule"
    case .quantile: "Quantile is not p50, p95 or p99"
    case .duration: "Not a PromQL duration"
    case .zeroWindow: "Window is zero"
    case .threshold: "Threshold is not a positive finite number"
    case .comparison: "Unknown operator"
    case .missingScope: "Scope without labels"
    case .labelName: "Not a label name"
    case .reservedLabel: "Label is set by something else"
    case .conflict: "Fields contradict each other"
    case .unknownCode: "Code cannot be ignored"
    case .nothingToCompile: "No rule in the input"
    case .unreadable: "Input cannot be read"
    case .embeddedSyntax: "A string does not hold valid JSON"
    case .spanKind: "Unknown kind of span"
    case .objective: "Objective that cannot be held"
    case .traceQL: "Query is not a TraceQL metrics query"
    case .aboveLastBucket: "Latency threshold at or above the last bucket never fires"
    case .betweenBuckets: "Latency threshold lies between distant buckets"
    case .neverFires: "Rule can never fire"
    case .alwaysFires: "Rule always fires"
    case .floatEquality: "Rate is compared for equality"
    case .emptyWindow: "Window is too short for a rate"
    case .tightWindow: "Window does not survive a missed write"
    case .sameExpression: "Two rules have the same expression"
    case .silentWhenGone: "Rule goes quiet when the service stops reporting"
    case .unusedScope: "Scope labels are not used"
    case .sameKey: "Two rules have the same key"
    case .notABound: "Exact latency is not at a bucket's bound"
    case .sameAlert: "Two alerts have the same name and labels"
    case .mislabelled: "Label contradicts what the rule watches"
    case .strangeCharacters: "Characters that cannot be seen or told from others"
    case .pattern: "Pattern where only equality is meant"
    case .unit: "Threshold looks like one of another unit"
    case .longTime: "Window is very long"
    case .shortHold: "Time to hold is shorter than the interval"
    case .runbook: "Runbook is not a link"
    case .severity: "Severity is none of the project's"
    case .missingLabel: "Label that the project wants is missing"
    case .missingAnnotation: "Annotation that the project wants is missing"
    case .refusedByServer: "Prometheus refuses the expression"
    case .noSeries: "Metric has no series"
    case .unknownService: "Service has not been seen"
    case .unknownOperation: "Operation has not been seen"
    case .otherConvention: "Labels follow another convention"
    case .unknownScope: "Scope matches no series"
    case .mixedRates: "Error rate of all spans is not that of the served ones"
    case .beyondRealBuckets: "Latency threshold at or above the last bucket that the server has"
    case .sparseSamples: "Window is too short for the samples that the server has"
    case .stoppedSeries: "Series have stopped"
    case .firesTooOften: "Rule would have fired too often"
    case .estimateInterval: "Estimate may lie anywhere in a bucket"
    case .mixedKinds: "Error rate is over all kinds of spans"
    case .passedOver: "Row is not about traces"
    case .disabledRow: "Row is disabled"
    case .fewCalls: "Few calls in the window"
    case .wouldFire: "What the rule would have done"
    }
  }

  /// How bad it is unless asked to be strict.
  public var severity: Diagnostic.Severity {
    switch number {
    case 100..<200: .warning
    case 300...: .note
    default: .error
    }
  }

  /// Whether it says that a part of the input was passed over.
  public var isAboutInput: Bool { self == .passedOver || self == .disabledRow }

  /// Whether a rule or its project may silence it: everything but errors in a rule.
  public var canBeSilenced: Bool { number >= 100 }

  /// Whether it means that the input was not rules at all, rather than wrong rules.
  public var isBadInput: Bool {
    switch self {
    case .syntax, .invalidUTF8, .trailingText, .notARule, .nothingToCompile, .unreadable: true
    default: false
    }
  }

  /// The digits of the code.
  var number: Int { Int(rawValue.dropFirst(2)) ?? 0 }
}
