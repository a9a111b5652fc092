import Backends
import OTLP
import Platform

/// The label sets of `traces_target_info`: what is known of each `job` and `instance`.
struct TargetTable: ~Copyable {
  /// Label names and the numbers of their values, sorted by name.
  struct Target: Hashable, Sendable {
    var labels: [Label]
  }

  struct Label: Hashable, Sendable {
    var name: String
    var value: UInt32
  }

  private(set) var targets: Set<Target> = []
  /// The label sets of `traces_host_info`.
  private(set) var hosts: Set<Target> = []
  /// Resources already turned into labels, by their bytes' hash: the same resource comes with every request.
  private var seen: Set<UInt64> = []
  private let hash = ByteHash()
  /// Targets for which there was no room.
  private(set) var refused = 0

  /// Attributes that `job` and `instance` stand for.
  private static let identifying = ["service.name", "service.namespace", "service.instance.id"]

  mutating func add(
    _ resource: ResourceView, _ labels: ResourceLabels, without exclusions: [String], _ interner: inout Interner,
    _ scratch: inout ByteBuffer,
    limit: Int
  ) throws(WireError) {
    let digest = hash(resource.bytes)
    if seen.contains(digest) || (labels.job == 0 && labels.instance == 0) { return }
    if targets.count >= limit || seen.count >= 4 * limit || interner.isFull {
      refused += 1
      return
    }
    seen.insert(digest)
    var set: [String: UInt32] = [:]
    var rest = resource.attributes
    while let attribute = try rest.next() {
      // A name that starts with a digit is none that metrics can have; Tempo leaves it out too.
      guard let first = attribute.key.first, !(48...57).contains(first), attribute.key.count <= 1024 else { continue }
      let key = String(attribute.key)
      if Self.identifying.contains(key) || exclusions.contains(key) { continue }
      scratch.removeAll()
      try AttributeText.append(attribute.value, to: &scratch, depth: 0)
      let clean = LabelName.sanitized(key)
      let isTaken = ["job", "instance"].contains(clean) || LabelPlan.intrinsic.contains(clean)
      set[isTaken ? "__" + clean : clean] = interner.intern(scratch.view)
    }
    set = set.filter { $0.value != 0 }
    if set.isEmpty { return }
    if labels.job != 0 { set["job"] = labels.job }
    if labels.instance != 0 { set["instance"] = labels.instance }
    insert(set)
  }

  mutating func merge(
    _ other: borrowing TargetTable, names: borrowing Interner, into interner: inout Interner, limit: Int
  ) {
    refused += other.refused
    for target in other.targets {
      if targets.count >= limit {
        refused += 1
        continue
      }
      var set: [String: UInt32] = [:]
      for label in target.labels { set[label.name] = interner.intern(names[label.value]) }
      insert(set)
    }
    for host in other.hosts {
      if hosts.count >= limit {
        refused += 1
        continue
      }
      var set: [String: UInt32] = [:]
      for label in host.labels { set[label.name] = interner.intern(names[label.value]) }
      hosts.insert(Self.target(set))
    }
  }

  /// Adds the host that an attribute of a resource names.
  mutating func add(host name: ByteView, source: String, _ interner: inout Interner, limit: Int) {
    if hosts.count >= limit || interner.isFull {
      // A host that is there needs no room.
      guard let known = interner.lookUp(name), hosts.contains(where: { $0.labels[0].value == known }) else {
        refused += 1
        return
      }
    }
    hosts.insert(
      Target(labels: [
        Label(name: "grafana_host_id", value: interner.intern(name)),
        Label(name: "host_source", value: interner.intern(source)),
      ]))
  }

  /// Takes in a target of a saved state.
  mutating func restore(_ labels: [String: UInt32]) { targets.insert(Self.target(labels)) }

  /// Takes in a host of a saved state.
  mutating func restoreHost(_ labels: [String: UInt32]) { hosts.insert(Self.target(labels)) }

  private mutating func insert(_ set: [String: UInt32]) { targets.insert(Self.target(set)) }

  private static func target(_ set: [String: UInt32]) -> Target {
    Target(labels: set.map { Label(name: $0.key, value: $0.value) }.sorted { $0.name < $1.name })
  }
}
