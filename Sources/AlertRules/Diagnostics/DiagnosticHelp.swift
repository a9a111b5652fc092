extension DiagnosticCode {
  /// Why it matters and what to do about it, in a sentence or two.
  public var explanation: String {
    switch self {
    case .syntax:
      "The text is neither JSON nor, where its name says so, YAML. Nothing after the mistake can be trusted."
    case .invalidUTF8: "Rules are UTF-8; another encoding would change the names that are compared to the letter."
    case .trailingText: "After a rule only further rules may follow."
    case .notARule:
      "A rule is an object with a kind and conditions_json; a file holds one, an array of them, or one after "
        + "another."
    case .duplicateKey: "Readers of JSON disagree about which of two equal keys counts. Keep one."
    case .unknownField: "A field that nothing reads has no effect, so a misspelt one would be lost in silence."
    case .wrongType: "The value has another type than the field needs."
    case .missingField: "The field has no default."
    case .emptyValue: "An empty value would match nothing."
    case .unknownKind:
      "The kind says what a rule watches: trace_latency, trace_error_rate, trace_call_rate, trace_slo or "
        + "traceql_metrics."
    case .foreignKind: "Rules of this kind watch metrics or logs and are evaluated elsewhere."
    case .quantile: "Latency rules watch p50, p95 or p99."
    case .duration: "Durations are whole numbers with the units y, w, d, h, m, s and ms, in that order."
    case .zeroWindow: "A rate over no time is nothing."
    case .threshold: "The number is compared with a value that is positive and finite."
    case .comparison: "The operators are those of PromQL: > >= < <= == !=."
    case .missingScope: "A rule that is not global needs the labels that its series must have."
    case .labelName: "Names of labels are made of letters, digits and _, and do not begin with a digit."
    case .reservedLabel: "The label is set from something else in the rule, or belongs to Prometheus."
    case .conflict: "Two fields say different things; keep one."
    case .unknownCode: "Only codes from OG100 can be ignored."
    case .nothingToCompile: "The input holds no rule."
    case .unreadable: "The file could not be read."
    case .embeddedSyntax: "Rows keep objects as text; this text is not JSON."
    case .spanKind: "Spans are of kind server, client, consumer, producer, internal or unspecified."
    case .objective:
      "An objective is a percentage below 100 over a period of 28 days to a year, for which the windows of its "
        + "alerts are made."
    case .traceQL:
      "A traceql_metrics needs a query that ends in a metrics function, so that there is a number to compare."
    case .aboveLastBucket:
      "Latencies beyond the last finite bucket cannot be told apart, so the quantile never gets there."
    case .betweenBuckets: "Within a bucket a quantile is interpolated; between distant bounds that is a guess."
    case .neverFires: "No value of what is compared can meet the condition."
    case .alwaysFires: "Every value of what is compared meets the condition."
    case .floatEquality: "A computed fraction is hardly ever equal to a number."
    case .emptyWindow: "rate() needs two samples in its window."
    case .tightWindow: "One missed sample leaves rate() without a result, and the alert goes quiet."
    case .sameExpression: "Two rules that compile to the same expression fire together."
    case .silentWhenGone:
      "A rate of nothing is no result, which is below no threshold. A trace_call_rate with < watches for "
        + "silence."
    case .unusedScope: "A global rule does not use the labels of its scope."
    case .sameKey: "A key names one rule."
    case .notABound: "The share above a latency is known at the bounds of buckets only."
    case .sameAlert: "Prometheus tells alerts apart by name and labels; two that share both are one alert that flaps."
    case .mislabelled: "The label on the alert would name something else than the rule watches, and send people there."
    case .strangeCharacters:
      "Services and operations are compared to the letter; characters that nobody sees or that look like others "
        + "match nothing."
    case .pattern: "Services and operations are compared to the letter; a pattern matches nothing."
    case .unit: "The number is plausible in another unit only."
    case .longTime: "A long window smooths away what the alert is to show and reads all samples of that time."
    case .shortHold: "A condition is looked at once an interval; a shorter time to hold does nothing."
    case .runbook: "Whoever is woken follows the link."
    case .severity: "Alerts are routed by severity; one that nobody routes reaches nobody."
    case .missingLabel: "The project routes or owns alerts by this label."
    case .missingAnnotation: "The project wants this annotation on every alert."
    case .refusedByServer: "Prometheus does not take the expression."
    case .noSeries: "Without series the rule never has a value."
    case .unknownService: "No series has this service, so the rule never has a value."
    case .unknownOperation: "The service has no such operation, so the rule never has a value."
    case .otherConvention: "The series exist under other labels; the rule would see none of them."
    case .unknownScope: "No series has the labels of the scope."
    case .mixedRates: "Calls to others and inner steps are counted with the calls served, and hide their failures."
    case .beyondRealBuckets: "The histogram ends below the threshold, so the rule never fires."
    case .sparseSamples: "Samples are further apart than the window allows, so rate() has no result most of the time."
    case .stoppedSeries: "The series had samples within a day and have none now."
    case .firesTooOften:
      "On past data the rule fires more often than the limit that was given; people stop reading such alerts."
    case .estimateInterval:
      "The quantile lies somewhere in a bucket; the rule may fire below the threshold or stay quiet above it."
    case .mixedKinds: "Without span_kind, calls to others and inner steps count like calls served."
    case .passedOver: "The row is not about traces and is evaluated elsewhere."
    case .disabledRow: "Disabled rows are not compiled."
    case .fewCalls: "A quantile of few calls is the latency of single ones; min_calls keeps the rule quiet then."
    case .wouldFire: "How often and how long the rule would have fired on past data."
    }
  }

  /// The explanation, and how to silence it where that can be.
  public var help: String {
    guard number >= 100 else { return explanation }
    return
      "\(explanation) Silence it with \"ongrid:ignore\": [\"\(rawValue)\"] in the rule, or with --ignore \(rawValue)."
  }
}
