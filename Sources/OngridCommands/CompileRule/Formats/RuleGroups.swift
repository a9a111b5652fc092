import AlertRules

/// Compiled rules in groups, as Prometheus evaluates them: those of a group one after the other.
struct RuleGroups {
  /// A group and its rules.
  struct Group {
    let name: String
    /// Nil for the server's own.
    let interval: String?
    let rules: [Rule]
  }

  /// An alert or a series to record.
  struct Rule {
    let isAlert: Bool
    let name: String
    let expression: String
    var holdFor: String?
    var keepFiringFor: String?
    let labels: [Label]
    var annotations: [Label] = []
  }

  /// How often what is over a whole period is computed: more rarely than the rest, and often enough that a look back of
  /// five minutes finds it.
  private static let periodInterval = "2m"

  let groups: [Group]

  /// - Parameters:
  ///   - size: Most rules of a group: servers for many tenants have a limit.
  init(_ set: RuleSet, _ compiler: RuleCompiler, size: Int) {
    let rules = set.rules
    var names = Set(rules.compactMap { $0.key ?? $0.name })
    let bySource = Dictionary(grouping: rules, by: \.source)
    var taken: Set<String> = []
    var groups: [Group] = []
    for (index, source) in set.sources.enumerated() {
      guard let rules = bySource[index] else { continue }
      let name = RuleGroups.name(source.name, &taken)
      for part in RuleGroups.parts(rules, compiler, &names) {
        let title = part.interval.map { "\(name)-every-\($0)" } ?? name
        for start in stride(from: 0, to: part.rules.count, by: size) {
          let number = start / size + 1
          groups.append(
            Group(
              name: number == 1 ? title : RuleGroups.free("\(title)-\(number)", &taken), interval: part.interval,
              rules: Array(part.rules[start..<min(start + size, part.rules.count)])))
        }
      }
    }
    self.groups = groups
  }

  /// Rules of one interval each, in the order of the input; what an alert reads comes before it.
  private static func parts(
    _ rules: [AlertRule], _ compiler: RuleCompiler, _ names: inout Set<String>
  ) -> [(interval: String?, rules: [Rule])] {
    var parts: [(interval: String?, rules: [Rule])] = []
    func add(_ rule: Rule, _ interval: String?) {
      if let known = parts.firstIndex(where: { $0.interval == interval }) {
        parts[known].rules.append(rule)
      } else {
        parts.append((interval, [rule]))
      }
    }
    for rule in rules {
      for recording in compiler.recordings(of: rule) {
        let record = Rule(
          isAlert: false, name: recording.name, expression: recording.expression.prettyText, labels: recording.labels)
        add(record, recording.isOverPeriod ? periodInterval : rule.interval?.text)
      }
      add(alert(rule, compiler, &names), rule.interval?.text)
    }
    return parts
  }

  private static func alert(_ rule: AlertRule, _ compiler: RuleCompiler, _ names: inout Set<String>) -> Rule {
    let alert = AlertIdentity(of: rule, profile: compiler.profile, taken: &names)
    func time(_ duration: PromDuration?) -> String? { duration.flatMap { $0.milliseconds > 0 ? $0.text : nil } }
    return Rule(
      isAlert: true, name: alert.name, expression: compiler.compileRecorded(rule).prettyText,
      holdFor: time(rule.holdFor), keepFiringFor: time(rule.keepFiringFor),
      labels: alert.labels.map { Label($0.name, AlertAnnotations.literal($0.value)) },
      annotations: AlertAnnotations.of(rule))
  }

  /// The file's name without its directory and extension; the whole path where that is taken.
  private static func name(_ path: String, _ taken: inout Set<String>) -> String {
    let stem = path == "<stdin>" ? "ongrid" : stem(path)
    let name = stem.isEmpty ? "ongrid" : stem
    return taken.contains(name) ? free(path, &taken) : free(name, &taken)
  }

  /// The last part of a path without the extension of a file of rules.
  static func stem(_ path: String) -> String {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    let ending = RuleFiles.endings.first { file.hasSuffix($0) } ?? ""
    return String(file.dropLast(ending.count))
  }

  private static func free(_ name: String, _ taken: inout Set<String>) -> String {
    var free = name
    var number = 2
    while !taken.insert(free).inserted {
      free = "\(name) \(number)"
      number += 1
    }
    return free
  }
}
