import Traces

/// The operators between spansets of one trace. Spans are numbers; a set of them is a flag per span.
struct Structure {
  let tree: TraceTree
  /// How many spans there are.
  let count: Int

  /// `left op right`: spans of the right side, and those of both for the union operators.
  func join(_ spansetOperator: SpansetOperator, _ left: [Int32], _ right: [Int32]) -> [Int32] {
    if spansetOperator == .and || spansetOperator == .or { return union(left, right) }
    let onRight = related(right, to: left, by: spansetOperator)
    switch spansetOperator {
    case .notChild, .notParent, .notDescendant, .notAncestor, .notSibling:
      let excluded = flags(onRight)
      return right.filter { !excluded[Int($0)] }
    case .unionChild: return union(related(left, to: right, by: .parent), onRight)
    case .unionParent: return union(related(left, to: right, by: .child), onRight)
    case .unionDescendant: return union(related(left, to: right, by: .ancestor), onRight)
    case .unionAncestor: return union(related(left, to: right, by: .descendant), onRight)
    case .unionSibling: return union(related(left, to: right, by: .sibling), onRight)
    default: return onRight
    }
  }

  /// Those of `spans` that are children, parents, … of any of `others`.
  private func related(_ spans: [Int32], to others: [Int32], by relation: SpansetOperator) -> [Int32] {
    if spans.isEmpty || others.isEmpty { return [] }
    let marked = flags(others)
    switch relation {
    case .child, .notChild, .unionChild:
      return spans.filter {
        let above = tree.parent[Int($0)]
        return above >= 0 && marked[Int(above)]
      }
    case .parent, .notParent, .unionParent:
      var isParent = none
      for other in others where tree.parent[Int(other)] >= 0 { isParent[Int(tree.parent[Int(other)])] = true }
      return spans.filter { isParent[Int($0)] }
    case .descendant, .notDescendant, .unionDescendant:
      var below = none
      for span in tree.order {
        let above = tree.parent[Int(span)]
        if above >= 0 { below[Int(span)] = below[Int(above)] || marked[Int(above)] }
      }
      return spans.filter { below[Int($0)] }
    case .ancestor, .notAncestor, .unionAncestor:
      var above = none
      for span in tree.order.reversed() where tree.parent[Int(span)] >= 0 && (above[Int(span)] || marked[Int(span)]) {
        above[Int(tree.parent[Int(span)])] = true
      }
      return spans.filter { above[Int($0)] }
    default: return siblings(spans, of: others)
    }
  }

  /// Roots are siblings of one another; orphans have none.
  private func siblings(_ spans: [Int32], of others: [Int32]) -> [Int32] {
    var count: [Int32: Int] = [:]
    for other in others { count[tree.parent[Int(other)], default: 0] += 1 }
    let marked = flags(others)
    return spans.filter {
      let above = tree.parent[Int($0)]
      // A span is no sibling of itself.
      return above != TraceTree.orphan && count[above, default: 0] > (marked[Int($0)] ? 1 : 0)
    }
  }

  private func union(_ left: [Int32], _ right: [Int32]) -> [Int32] {
    let inLeft = flags(left)
    // Spans are numbered by time, so that the union of the two is in order again.
    return (left + right.filter { !inLeft[Int($0)] }).sorted()
  }

  private var none: [Bool] { Array(repeating: false, count: count) }

  private func flags(_ spans: [Int32]) -> [Bool] {
    var flags = none
    for span in spans { flags[Int(span)] = true }
    return flags
  }
}
