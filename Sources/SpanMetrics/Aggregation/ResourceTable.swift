/// What a series knows of its resource: the numbers of the service's name, and of `job` and `instance` where they are
/// written.
struct ResourceLabels: Hashable, Sendable {
  var service: UInt32 = 0
  var job: UInt32 = 0
  var instance: UInt32 = 0
}

/// Distinct resource labels, each with a number. There are few: one a service, or one an instance.
struct ResourceTable: ~Copyable {
  private var numbers: [ResourceLabels: UInt32] = [:]
  private var entries: [ResourceLabels] = []

  subscript(number: UInt32) -> ResourceLabels { entries[Int(number)] }

  var count: Int { entries.count }

  var all: [ResourceLabels] { entries }

  func lookUp(_ labels: ResourceLabels) -> UInt32? { numbers[labels] }

  mutating func number(_ labels: ResourceLabels) -> UInt32 {
    if let known = numbers[labels] { return known }
    let number = UInt32(entries.count)
    entries.append(labels)
    numbers[labels] = number
    return number
  }
}
