/// What a series knows of its resource: the numbers of the service's name, and of `job` and `instance` where they are
/// written.
struct ResourceLabels: Hashable, Sendable {
  var service: UInt32 = 0
  var job: UInt32 = 0
  var instance: UInt32 = 0
}

/// Distinct resource labels, each with a number. There are few: one a service, or one an instance.
struct ResourceTable: ~Copyable {
  private var index = HashIndex()
  private var entries: [ResourceLabels] = []

  subscript(number: UInt32) -> ResourceLabels { entries[Int(number)] }

  var count: Int { entries.count }

  var all: [ResourceLabels] { entries }

  /// The numbers in the labels are our own, so that no seed is needed.
  private static func hash(_ labels: ResourceLabels) -> UInt64 {
    ByteHash.mix(UInt64(labels.service) << 32 | UInt64(labels.job), UInt64(labels.instance))
  }

  func lookUp(_ labels: ResourceLabels) -> UInt32? {
    index.find(Self.hash(labels)) { entries[$0] == labels }.map { UInt32(truncatingIfNeeded: $0) }
  }

  mutating func number(_ labels: ResourceLabels) -> UInt32 {
    if let known = lookUp(labels) { return known }
    let number = entries.count
    index.insert(Self.hash(labels), number) { [entries] in Self.hash(entries[$0]) }
    entries.append(labels)
    return UInt32(truncatingIfNeeded: number)
  }
}
