/// How many values each label may have: the first that come keep theirs, all others are counted under one.
struct LabelLimits {
  /// The value in the place of those for which there is no room: Tempo's.
  static let overflow = "__cardinality_overflow__"

  enum Label: Hashable {
    case service, job, instance, name
    case extra(Int)
  }

  private let limit: Int
  /// The number of `overflow`.
  private let replacement: UInt32
  private var values: [Label: Set<UInt32>] = [:]

  init(_ limit: Int, overflow: UInt32) {
    self.limit = limit
    replacement = overflow
  }

  /// The number of the value that is written for the one with number `id`.
  mutating func admit(_ id: UInt32, _ label: Label) -> UInt32 {
    if id == 0 || id == replacement { return id }
    var known = values[label] ?? []
    if known.contains(id) { return id }
    guard known.count < limit else { return replacement }
    values[label] = nil
    known.insert(id)
    values[label] = known
    return id
  }

  mutating func admit(_ labels: inout ResourceLabels) {
    labels.service = admit(labels.service, .service)
    labels.job = admit(labels.job, .job)
    labels.instance = admit(labels.instance, .instance)
  }
}
