import OTLP
import Platform

/// How many events spans had, by the labels of their span and by attributes of the events.
struct EventTable: Sendable {
  struct Key: Hashable, Sendable {
    /// Nil for events of spans in the overflow series.
    var series: SpanSeriesKey?
    var extras: [UInt32]
    /// The numbers of the attributes' values.
    var values: [UInt32]
  }

  struct Entry: Sendable {
    var key: Key
    /// In units of `Weight`.
    var count: UInt128
    var firstRound: UInt64
    var lastRound: UInt64
  }

  private(set) var entries: [Entry] = []
  private var places: [Key: Int] = [:]
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  mutating func add(_ key: Key, weight: Weight, round: UInt32) {
    add(Entry(key: key, count: weight.fixed, firstRound: UInt64(round), lastRound: UInt64(round)))
  }

  mutating func place(in round: UInt32) {
    for index in entries.indices {
      entries[index].firstRound = UInt64(round)
      entries[index].lastRound = UInt64(round)
    }
  }

  /// Adds counted or saved events. Where there is no room for another series they are counted in the overflow series.
  mutating func add(_ entry: Entry) {
    var entry = entry
    if places[entry.key] == nil, entries.count >= limit {
      entry.key = Key(series: nil, extras: [], values: [])
    }
    guard let place = places[entry.key] else {
      places[entry.key] = entries.count
      return entries.append(entry)
    }
    let (sum, isOver) = entries[place].count.addingReportingOverflow(entry.count)
    entries[place].count = isOver ? .max : sum
    entries[place].firstRound = min(entries[place].firstRound, entry.firstRound)
    entries[place].lastRound = max(entries[place].lastRound, entry.lastRound)
  }
}

/// Reads the attributes of a span's events that tell apart what is counted of them.
struct EventReader: ~Copyable {
  private let keys: AttributeKeys
  /// Where the same attributes stand among those of the span and its resource.
  private let attributes: [Int]
  private let values: UnsafeMutablePointer<ByteView>

  init?(_ configuration: SpanMetricsConfiguration, _ plan: LabelPlan) {
    guard let dimensions = configuration.eventDimensions else { return nil }
    keys = AttributeKeys(dimensions)
    attributes = plan.eventAttributes
    values = .allocate(capacity: max(1, dimensions.count))
    values.initialize(repeating: .empty, count: max(1, dimensions.count))
  }

  deinit { values.deallocate() }

  /// The numbers of the values of each event: the span's attribute counts, else the event's, else the resource's. Nil where
  /// there was no room for one.
  func read(
    _ span: SpanView, _ reader: inout AttributeReader, _ keyer: inout SeriesKeyer
  ) throws(WireError) -> [[UInt32]?] {
    var all: [[UInt32]?] = []
    var events = span.events
    while let event = try events.next() {
      let found = try keys.find(in: event.attributes, values)
      var numbers: [UInt32]? = []
      for (index, attribute) in attributes.enumerated() {
        var number: UInt32?
        if found & (1 << UInt64(index)) != 0, reader.spanValue(attribute) == nil {
          number = keyer.bounded(try reader.text(values[index]))
        } else {
          number = try keyer.value(attribute, &reader)
        }
        guard let number else {
          numbers = nil
          continue
        }
        numbers?.append(keyer.limit(number, extra: keyer.plan.extras.count + index))
      }
      all.append(numbers)
    }
    return all
  }
}
