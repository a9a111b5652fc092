/// Clusters of span names, found by the Drain algorithm with Tempo's parameters: names of as many tokens are put down a
/// tree by their tokens, and join the most similar cluster at its leaf, whose tokens that differ become `<_>`.
struct NameTree {
  /// Levels of the tree below the one of token counts.
  private static let maxDepth = 28
  /// The least share of equal tokens with which a name joins a cluster.
  private static let similarity = 0.3
  private static let maxChildren = 1000
  /// Tokens of names that are looked at, the end mark included.
  private static let tokenCounts = 3...80
  /// Beyond it names that fit no cluster stay as they are.
  private static let maxClusters = 100_000
  private static let maxClusteredTokens = 1_000_000

  static let parameter = "<_>"

  private final class Node {
    var children: [String: Node] = [:]
    var clusters: [Int] = []
  }

  private struct Cluster {
    var tokens: [String]

    var text: String { tokens.dropLast().joined() }
  }

  private let root = Node()
  private var clusters: [Cluster] = []
  private var clusteredTokens = 0
  /// How often a cluster was added or changed.
  private(set) var changes = 0

  /// Puts a name to its cluster; returns the cluster's pattern, nil for a name that has too few or too many tokens.
  mutating func train(_ name: String) -> String? {
    let tokens = NameTokens.of(name)
    guard Self.tokenCounts.contains(tokens.count) else { return nil }
    if let number = match(tokens) {
      for index in tokens.indices
      where clusters[number].tokens[index] != tokens[index] && clusters[number].tokens[index] != Self.parameter {
        clusters[number].tokens[index] = Self.parameter
        changes += 1
      }
      return clusters[number].text
    }
    guard clusters.count < Self.maxClusters, clusteredTokens < Self.maxClusteredTokens else { return nil }
    add(tokens)
    return clusters[clusters.count - 1].text
  }

  private func match(_ tokens: [String]) -> Int? {
    guard var node = root.children["\(tokens.count)"] else { return nil }
    var depth = 1
    for token in tokens {
      if depth >= Self.maxDepth || depth == tokens.count { break }
      guard let next = node.children[Self.parameter] ?? node.children[token] else { return nil }
      node = next
      depth += 1
    }
    return best(of: node.clusters, tokens)
  }

  /// The most similar cluster; of those alike the one with most parameters.
  private func best(of candidates: [Int], _ tokens: [String]) -> Int? {
    var best: (number: Int, similarity: Double, parameters: Int)?
    for number in candidates {
      var same = 0
      var parameters = 0
      for (own, token) in zip(clusters[number].tokens, tokens) {
        if own == Self.parameter { parameters += 1 } else if own == token { same += 1 }
      }
      let similarity = Double(same) / Double(tokens.count)
      if best.map({ (similarity, parameters) > ($0.similarity, $0.parameters) }) ?? true {
        best = (number, similarity, parameters)
      }
    }
    return best.flatMap { $0.similarity >= Self.similarity ? $0.number : nil }
  }

  private mutating func add(_ tokens: [String]) {
    let number = clusters.count
    clusters.append(Cluster(tokens: tokens))
    clusteredTokens += tokens.count
    changes += 1
    var node = child(of: root, "\(tokens.count)")
    var depth = 1
    for token in tokens {
      if depth >= min(Self.maxDepth, tokens.count) { break }
      var token = token
      if NameTokens.isData(token) || node.children.count + 1 >= Self.maxChildren { token = Self.parameter }
      node = child(of: node, token)
      depth += 1
    }
    node.clusters.append(number)
  }

  private func child(of node: Node, _ token: String) -> Node {
    if let known = node.children[token] { return known }
    let child = Node()
    node.children[token] = child
    return child
  }
}
