/// One object that was read as a rule.
public struct RuleEntry: Sendable {
  /// The rule; nil when it has errors.
  public let rule: AlertRule?
  /// Its key as far as that can be told when it has errors.
  public let key: String?
  /// Its kind as far as that can be told when it has errors.
  public let kind: String?
  /// Index in `RuleSet.sources`.
  public let source: Int
  /// Its bytes in the source.
  public let range: Range<Int>
}

/// Rules and what was found while reading them.
public struct RuleSet: Sendable {
  /// The texts, in the order they were given.
  public private(set) var sources: [RuleSource]
  /// Every object that was read as a rule, in the order of the input.
  public private(set) var entries: [RuleEntry] = []
  /// Problems, in the order of sources and positions after `sortDiagnostics()`.
  public private(set) var diagnostics: [Diagnostic] = []

  /// The rules without errors.
  public var rules: [AlertRule] { entries.compactMap(\.rule) }

  /// Whether any diagnostic is an error.
  public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// Whether something was not rules at all.
  public var hasBadInput: Bool { diagnostics.contains { $0.code.isBadInput } }

  /// How many diagnostics have this severity.
  public func count(_ severity: Diagnostic.Severity) -> Int {
    diagnostics.lazy.filter { $0.severity == severity }.count
  }

  /// Reads every source; problems of one do not keep others from being read.
  ///
  /// - Parameters:
  ///   - sources: The texts.
  ///   - serviceLabel: The label that holds a service's name in the metrics.
  public init(reading sources: [RuleSource], serviceLabel: String) {
    self.sources = sources
    for index in sources.indices {
      var reader = RuleReader(
        source: sources[index], index: index, firstEntry: entries.count, serviceLabel: serviceLabel)
      reader.read()
      entries += reader.entries
      diagnostics += reader.diagnostics
    }
    if entries.isEmpty, diagnostics.isEmpty, !sources.isEmpty {
      diagnostics.append(
        Diagnostic(.nothingToCompile, "there is no rule in the input", source: 0, range: nil))
    }
  }

  /// Adds a problem found outside, such as a file that cannot be opened, as a source without text.
  public mutating func addUnreadable(_ name: String, _ message: String) {
    sources.append(RuleSource(name: name, bytes: []))
    diagnostics.removeAll { $0.code == .nothingToCompile }
    diagnostics.append(Diagnostic(.unreadable, message, source: sources.count - 1, range: nil))
  }

  /// Adds that there was nothing to read behind `name`.
  public mutating func addEmpty(_ name: String, _ message: String) {
    sources.append(RuleSource(name: name, bytes: []))
    diagnostics.append(Diagnostic(.nothingToCompile, message, source: sources.count - 1, range: nil))
  }

  /// Adds findings about rules; those that a rule ignores are left out.
  public mutating func add(_ found: [Diagnostic]) {
    for diagnostic in found {
      if let entry = diagnostic.entry, entries.indices.contains(entry),
        entries[entry].rule?.ignored.contains(diagnostic.code) == true
      {
        continue
      }
      diagnostics.append(diagnostic)
    }
  }

  /// Leaves out problems and returns how many there were.
  @discardableResult
  public mutating func remove(where isUnwanted: (Diagnostic) -> Bool) -> Int {
    let before = diagnostics.count
    diagnostics.removeAll(where: isUnwanted)
    return before - diagnostics.count
  }

  /// Takes back what was said of thresholds by assumed buckets, since the server's own are known.
  public mutating func removeAssumedBuckets() {
    diagnostics.removeAll { [.aboveLastBucket, .betweenBuckets, .estimateInterval, .notABound].contains($0.code) }
  }

  /// Makes every warning an error; notes stay notes.
  public mutating func turnWarningsIntoErrors() {
    for index in diagnostics.indices where diagnostics[index].severity == .warning {
      diagnostics[index].severity = .error
    }
  }

  /// Orders diagnostics by source and position; those of one position stay in the order they were found.
  public mutating func sortDiagnostics() {
    let order = diagnostics.enumerated().sorted { left, right in
      let a = (left.element.source, left.element.range?.lowerBound ?? -1, left.offset)
      let b = (right.element.source, right.element.range?.lowerBound ?? -1, right.offset)
      return a < b
    }
    diagnostics = order.map(\.element)
  }
}
