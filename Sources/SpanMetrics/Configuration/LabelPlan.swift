import Backends
import MetricProfiles

/// Which labels a series has, where their values come from, and how names that collide were told apart.
struct LabelPlan: Sendable {
  /// Where a label's value comes from.
  enum Source: Sendable, Equatable {
    case service, job, instance, spanName, kind, status
    /// One of the values that are part of the series key besides these: see `extras`.
    case extra(Int)
  }

  /// How a value besides the fixed ones is made.
  enum Extra: Sendable {
    case statusMessage
    /// The position of an attribute in `attributes`.
    case attribute(Int)
    case joined([Int], separator: [UInt8])
  }

  /// One label. Of several sources the last that has a value counts.
  struct Column: Sendable {
    let name: String
    var sources: [Source]
  }

  /// Sorted by name.
  private(set) var columns: [Column] = []
  private(set) var extras: [Extra] = []
  /// What extras are where they would be empty, by their position.
  private(set) var defaults: [Int: [UInt8]] = [:]
  /// Attributes to look up, each once.
  private(set) var attributes: [String] = []
  /// The labels that series of events have besides, and where their attributes stand in `attributes`.
  private(set) var eventLabels: [String] = []
  private(set) var eventAttributes: [Int] = []
  /// The attributes of which labels are made, by label, and what others OTLP has in the place of the span's own.
  private(set) var attributeNames: [String: String] = [:]
  /// What was done about colliding names, for whoever runs the command.
  private(set) var notes: [String] = []

  /// Labels that Tempo keeps attributes away from.
  static let intrinsic = ["service", "span_name", "span_kind", "status_code", "status_message"]
  /// Labels that have a meaning of their own.
  static let special = ["le", "quantile", "metric_overflow"]

  /// The labels of the span's name, kind and status.
  static func own(_ profile: MetricProfile) -> [String] {
    [profile.operationLabel, profile.kindLabel, profile.statusLabel]
  }

  init(_ configuration: SpanMetricsConfiguration) {
    let names = configuration.profile.otlp
    if !configuration.excluded.contains(.service) {
      for label in configuration.serviceLabels {
        add(label, .service)
        attributeNames[label] = names?.service
      }
    }
    let own: [(OwnLabel, Source, String?)] = [
      (.name, .spanName, names?.operation), (.kind, .kind, names?.kind), (.status, .status, names?.status),
    ]
    for (label, (part, source, name)) in zip(Self.own(configuration.profile), own)
    where !configuration.excluded.contains(part) {
      add(label, source)
      attributeNames[label] = name
    }
    var reserved = Set(Self.intrinsic + Self.own(configuration.profile) + Self.special + configuration.externalLabels)
    if configuration.includesTargetInfo {
      add("job", .job)
      if configuration.includesInstance { add("instance", .instance) }
      reserved.formUnion(["job", "instance"])
    }
    if configuration.includesStatusMessage { add("status_message", addExtra(.statusMessage)) }
    for key in configuration.dimensions {
      let clean = LabelName.sanitized(key)
      // The service label says the same already.
      if key == "service.name" && configuration.serviceLabels.contains(clean) { continue }
      reserved.formUnion(configuration.serviceLabels)
      let source = addExtra(.attribute(attribute(key)))
      if let otherwise = configuration.dimensionDefaults[key] { defaults[extras.count - 1] = Array(otherwise.utf8) }
      let label = addDimension(key, clean, source, reserved)
      if names != nil { attributeNames[label] = key }
    }
    for map in configuration.dimensionMaps {
      let source = addExtra(.joined(map.sources.map { attribute($0) }, separator: Array(map.separator.utf8)))
      addDimension(map.name, LabelName.sanitized(map.name), source, reserved.union(configuration.serviceLabels))
    }
    columns.sort { $0.name < $1.name }
    reserved.formUnion(columns.map(\.name))
    for key in configuration.eventDimensions ?? [] {
      let clean = LabelName.sanitized(key)
      let label = reserved.contains(clean) ? "__" + clean : clean
      if label != clean {
        notes.append("event dimension '\(key)' is written as label '\(label)', '\(clean)' being taken")
      }
      reserved.insert(label)
      eventLabels.append(label)
      eventAttributes.append(attribute(key))
      if names != nil { attributeNames[label] = key }
    }
  }

  @discardableResult
  private mutating func addDimension(
    _ key: String, _ clean: String, _ source: Source, _ reserved: Set<String>
  ) -> String {
    let label = reserved.contains(clean) ? "__" + clean : clean
    if label != clean { notes.append("dimension '\(key)' is written as label '\(label)', '\(clean)' being taken") }
    if columns.contains(where: { $0.name == label }) {
      notes.append("dimension '\(key)' shares the label '\(label)' with another; the last one present counts")
    }
    add(label, source)
    return label
  }

  private mutating func add(_ name: String, _ source: Source) {
    if let index = columns.firstIndex(where: { $0.name == name }) {
      columns[index].sources.append(source)
    } else {
      columns.append(Column(name: name, sources: [source]))
    }
  }

  private mutating func addExtra(_ extra: Extra) -> Source {
    extras.append(extra)
    return .extra(extras.count - 1)
  }

  private mutating func attribute(_ key: String) -> Int {
    if let known = attributes.firstIndex(of: key) { return known }
    attributes.append(key)
    return attributes.count - 1
  }
}
