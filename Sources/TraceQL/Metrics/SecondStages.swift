/// What happens to series once they are computed.
enum SecondStages {
  /// Evaluates an expression; `leaf` gives the series of its pipelines in their order.
  static func evaluate(_ expression: MetricsExpression, _ leaf: (inout Int) -> [Series]) -> [Series] {
    var next = 0
    return evaluate(expression, leaf, &next)
  }

  private static func evaluate(
    _ expression: MetricsExpression, _ leaf: (inout Int) -> [Series], _ next: inout Int
  ) -> [Series] {
    switch expression {
    case .pipeline: return leaf(&next)
    case .second(let stage, let operand): return apply(stage, evaluate(operand, leaf, &next))
    case .scalar(let arithmetic, let literal, let operand, let scalarOnLeft):
      let scalar = literal.number ?? .nan
      return evaluate(operand, leaf, &next).map { series in
        var changed = series
        changed.values = series.values.map {
          scalarOnLeft ? calculate(arithmetic, scalar, $0) : calculate(arithmetic, $0, scalar)
        }
        return changed
      }
    case .binary(let arithmetic, let left, let right):
      let onLeft = evaluate(left, leaf, &next)
      let onRight = evaluate(right, leaf, &next)
      return combine(arithmetic, onLeft, onRight)
    }
  }

  private static func apply(_ stage: SecondStage, _ series: [Series]) -> [Series] {
    switch stage {
    case .topk(let count):
      return extreme(count, series) { $0.value > $1.value || $0.value == $1.value && $0.rank < $1.rank }
    case .bottomk(let count):
      return extreme(count, series) { $0.value < $1.value || $0.value == $1.value && $0.rank > $1.rank }
    case .filter(let comparison, let literal):
      var bound = literal.number ?? .nan
      if case .duration = literal { bound /= 1e9 }
      return series.compactMap { series in
        var kept = series
        kept.values = series.values.map { Value.compare(comparison, .float($0), .float(bound)).isTrue ? $0 : .nan }
        return kept.values.contains { !$0.isNaN } ? kept : nil
      }
    }
  }

  /// Keeps at every interval the samples of the `count` series that come first in an order; of equal ones, `rank` in
  /// the order of the labels decides.
  private static func extreme(
    _ count: Int, _ series: [Series], _ precedes: ((value: Double, rank: Int), (value: Double, rank: Int)) -> Bool
  ) -> [Series] {
    guard series.count > count else { return series }
    let sorted = series.sorted(by: inLabelOrder)
    var kept = sorted
    for index in kept.indices { kept[index].values = kept[index].values.map { _ in .nan } }
    for interval in sorted[0].values.indices {
      let candidates = sorted.indices.map { (value: sorted[$0].values[interval], rank: $0) }.filter { !$0.value.isNaN }
      for chosen in candidates.sorted(by: precedes).prefix(count) {
        kept[chosen.rank].values[interval] = chosen.value
      }
    }
    return kept.filter { $0.values.contains { !$0.isNaN } }
  }

  /// Whether the labels of one series come before those of another.
  static func inLabelOrder(_ left: Series, _ right: Series) -> Bool {
    for (a, b) in zip(left.labels, right.labels) {
      if case .double(let a) = a.value, case .double(let b) = b.value, a != b { return a < b }
      if case .int(let a) = a.value, case .int(let b) = b.value, a != b { return a < b }
      if a.value.text != b.value.text { return a.value.text < b.value.text }
      if a.name != b.name { return a.name < b.name }
    }
    return left.labels.count < right.labels.count
  }

  /// Arithmetic between series with the same labels. A series without labels of its own goes with every other.
  private static func combine(_ arithmetic: BinaryOperator, _ left: [Series], _ right: [Series]) -> [Series] {
    var leftByKey: [[ResultValue: ResultValue]: Series] = [:]
    var rightByKey: [[ResultValue: ResultValue]: Series] = [:]
    for series in left { leftByKey[series.key] = series }
    for series in right { rightByKey[series.key] = series }
    let leading = rightByKey[[:]] == nil ? right : left
    var result: [Series] = []
    for series in leading {
      guard let a = leftByKey[series.key] ?? leftByKey[[:]], let b = rightByKey[series.key] ?? rightByKey[[:]] else {
        continue
      }
      let values = zip(a.values, b.values).map { calculate(arithmetic, $0, $1) }
      result.append(Series(labels: labels(arithmetic, a.labels, b.labels), values: values))
    }
    return result
  }

  /// The labels of both; the names of the metrics are combined where both have one, and dropped otherwise.
  private static func labels(
    _ arithmetic: BinaryOperator, _ left: [Series.Label], _ right: [Series.Label]
  ) -> [Series.Label] {
    func name(_ labels: [Series.Label]) -> String? {
      labels.first { $0.name == Series.nameLabel }.map(\.value.text)
    }
    var labels = left.filter { $0.name != Series.nameLabel }
    for label in right where label.name != Series.nameLabel && !labels.contains(where: { $0.name == label.name }) {
      labels.append(label)
    }
    if let a = name(left), let b = name(right) {
      labels.insert((Series.nameLabel, .string("(\(a) \(arithmetic.rawValue) \(b))")), at: 0)
    }
    return labels
  }

  private static func calculate(_ arithmetic: BinaryOperator, _ left: Double, _ right: Double) -> Double {
    switch arithmetic {
    case .add: left + right
    case .subtract: left - right
    case .multiply: left * right
    default: right == 0 ? .nan : left / right
    }
  }
}
