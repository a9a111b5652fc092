import TestSupport

/// Rules over the shop's traces made at random: filters, structure, aggregates, conditions on whole traces.
struct RandomPolicy {
  struct Rule {
    let isDrop: Bool
    let text: String
  }

  let rules: [Rule]

  init(using random: inout SeededRandom) {
    var rules: [Rule] = []
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      rules.append(Rule(isDrop: false, text: RandomPolicy.query(using: &random)))
    }
    for _ in 0..<Int.random(in: rules.isEmpty ? 1...2 : 0...2, using: &random) {
      rules.append(Rule(isDrop: true, text: RandomPolicy.query(using: &random)))
    }
    self.rules = rules
  }

  private static let conditions = [
    "status = error", "status != ok", "status = unset", "duration > 100ms", "duration > 20ms", "duration < 1ms",
    "kind = server", "kind = client", "kind != internal", "name = \"score\"", "name =~ \"GET .*\"", "name !~ \"GET.*\"",
    "resource.service.name = \"fraud\"", "resource.service.name = \"cart\"", ".service.name =~ \"pay.*|check.*\"",
    "span.http.route = \"/checkout\"", "span.http.response.status_code >= 500", ".http.request.method = \"POST\"",
    "span.db.system = \"redis\"", "span.db.rows > 50", "span.db.cached = true", "span.db.cost > 5.5",
    "span.tags = \"a\"", "span.tags != \"a\"", "span.user.id != nil", "span.db.system = nil", "resource.host.cpus > 4",
    "event:name = \"exception\"", "event:name != nil", "resource.deployment.environment = \"prod\"",
    "instrumentation:name = \"db-client\"", "span.db.rows * 2 > 60", "span:parentID = \"\"",
  ]
  private static let ofTraces = [
    "traceDuration > 200ms", "rootServiceName = \"checkout\"", "rootName =~ \"GET.*\"", "span:childCount > 2",
    "nestedSetParent < 0", "trace:rootService = \"cart\" && status = error",
  ]

  private static func filter(using random: inout SeededRandom) -> String {
    let one = conditions.randomElement(using: &random) ?? "true"
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<5: return "{ \(one) }"
    case 5..<7: return "{ \(one) && \(conditions.randomElement(using: &random) ?? "true") }"
    case 7..<9: return "{ (\(one)) || (\(conditions.randomElement(using: &random) ?? "true")) }"
    case 9: return "{ !(\(one)) }"
    case 10: return "{ \(ofTraces.randomElement(using: &random) ?? "true") }"
    default: return "{ }"
    }
  }

  private static func spanset(using random: inout SeededRandom) -> String {
    let operators = ["&&", "||", ">", ">>", "<", "<<", "~", "!>", "!>>", "&>", "&&", "||"]
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<5: return filter(using: &random)
    case 5..<9:
      let first = filter(using: &random)
      return "\(first) \(operators.randomElement(using: &random) ?? "&&") \(filter(using: &random))"
    default:
      return "(\(filter(using: &random)) && \(filter(using: &random))) || \(filter(using: &random))"
    }
  }

  private static func query(using random: inout SeededRandom) -> String {
    let spans = spanset(using: &random)
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return "\(spans) | count() > \(Int.random(in: 1...12, using: &random))"
    case 1: return "\(spans) | avg(duration) > \(Int.random(in: 1...80, using: &random))ms"
    case 2: return "\(spans) | by(resource.service.name) | count() > \(Int.random(in: 1...4, using: &random))"
    case 3: return "\(spans) | select(span.http.route)"
    case 4: return "\(spans) | \(filter(using: &random))"
    default: return spans
    }
  }
}
