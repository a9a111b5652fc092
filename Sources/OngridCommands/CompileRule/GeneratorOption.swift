import Backends
import JSON
import MetricProfiles
import Platform

/// `--generator`: who made the metrics that a rule asks for.
enum GeneratorOption {
  static let generator = Option.value(
    "generator", "NAME", .text, environment: "ONGRID_GENERATOR", default: "tempo",
    help: "Who writes the metrics: a profile's name, or a file that describes one",
    documentation: """
      `tempo`: Tempo's metrics generator and `ongrid spanmetrics`. `tempo-native`: the same with native histograms. \
      `otel-connector`: the collector's span metrics connector, in milliseconds; `otel-connector-s` in seconds, \
      `otel-connector-bare` without a namespace (`calls_total`); `otel-processor`: the processor before it (`latency`, \
      `operation`).

      A name with a `.` or a `/` is a JSON file with the members that differ from a profile's, named in `profile`: `calls`, \
      `latency` (without `_bucket`), `latency_unit` (`s` or `ms`), `native`, `service_label`, `operation_label`, `kind_label`, \
      `kind_prefix`, `status_label`, `error_status`, `buckets` (seconds). Names that are not of letters, digits and `_` are \
      quoted as Prometheus 3 wants them.
      """)

  /// The profile that the options ask for.
  static func profile(_ arguments: Arguments) throws(CommandError) -> MetricProfile {
    var profile = try chosen(arguments)
    if let label = try arguments[CompileRuleOptions.serviceLabel] {
      guard LabelName.isFree(label) else {
        throw arguments.invalid(CompileRuleOptions.serviceLabel, label, expected: "a Prometheus label name")
      }
      profile.serviceLabel = label
    }
    return profile
  }

  /// The profile of that name, whatever the other options say.
  static func chosen(_ arguments: Arguments) throws(CommandError) -> MetricProfile {
    let name = try arguments[generator]
    if name.contains("/") || name.contains(".") { return try read(name) }
    if let known = MetricProfile.named(name) { return known }
    let names = MetricProfile.all.map(\.name)
    let hint = NearestName.of(name, in: names).map { "; did you mean '\($0)'?" } ?? ""
    throw arguments.invalid(generator, name, expected: "a file or one of \(names.joined(separator: ", "))\(hint)")
  }

  private static func read(_ path: String) throws(CommandError) -> MetricProfile {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try WholeFile.read(.openForReading(path), limit: 1 << 20)
    } catch {
      throw .usage("--generator: \(error)")
    }
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONDocument.parse(String(decoding: bytes, as: UTF8.self))
    } catch {
      throw .usage("--generator: \(path): \(error)")
    }
    return try profile(document, path)
  }

  private static func profile(_ document: JSONValue, _ path: String) throws(CommandError) -> MetricProfile {
    func refusal(_ member: String, _ expected: String) -> CommandError {
      .usage("--generator: \(path): \"\(member)\" must be \(expected)")
    }
    guard let members = document.members else { throw .usage("--generator: \(path): must hold an object") }
    var profile = MetricProfile.tempo
    if let base = document["profile"] {
      guard let known = base.string.flatMap(MetricProfile.named) else { throw refusal("profile", "a profile's name") }
      profile = known
    }
    profile.name = path
    let texts: [String: WritableKeyPath<MetricProfile, String>] = [
      "calls": \.calls, "latency": \.latency, "service_label": \.serviceLabel, "operation_label": \.operationLabel,
      "kind_label": \.kindLabel, "kind_prefix": \.kindPrefix, "status_label": \.statusLabel,
      "error_status": \.errorStatus,
    ]
    for member in members {
      switch member.key {
      case "profile": break
      case "latency_unit":
        guard let unit = member.value.string.flatMap(MetricProfile.LatencyUnit.init) else {
          throw refusal(member.key, "\"s\" or \"ms\"")
        }
        profile.latencyUnit = unit
      case "native":
        guard case .bool(let isNative) = member.value.content else { throw refusal(member.key, "true or false") }
        profile.isNative = isNative
      case "buckets":
        let bounds = member.value.elements?.compactMap(\.double).filter { $0 > 0 && $0.isFinite } ?? []
        guard !bounds.isEmpty, bounds.count == member.value.elements?.count else {
          throw refusal(member.key, "an array of positive numbers of seconds")
        }
        profile.defaultBuckets = bounds.sorted()
      default:
        guard let path = texts[member.key] else {
          let near = NearestName.of(
            member.key, in: Array(texts.keys) + ["profile", "latency_unit", "native", "buckets"])
          let hint = near.map { "; did you mean \"\($0)\"?" } ?? ""
          throw .usage("--generator: \(profile.name): unknown member \"\(member.key)\"\(hint)")
        }
        guard let text = member.value.string, !text.isEmpty || member.key == "kind_prefix" else {
          throw refusal(member.key, "a string")
        }
        profile[keyPath: path] = text
      }
    }
    return profile
  }
}
