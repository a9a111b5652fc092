import Platform

/// Spans with no more than comparing places takes: 64 bytes each, however many attributes they came with.
struct SpanTable {
  struct Entry {
    var id: UInt64
    var parent: UInt64
    /// Unix nanoseconds.
    var start: Int64
    /// Nanoseconds.
    var duration: Int64
    /// Number of the trace.
    var trace: UInt32
    /// Number of the service with the span's name.
    var place: Int32
    /// Number of what a call names as its other side; -1 for nothing.
    var peer: Int32
    var kind: UInt8
    var outcome: Outcome
  }

  enum Outcome: UInt8 {
    case fine
    /// It failed.
    case failed
    /// The other side refused it as wrong, which is the asking side's doing.
    case refused
  }

  /// A service and the name of an operation in it.
  struct Place: Hashable {
    var service: Int32
    var name: Int32
  }

  struct TraceID: Hashable {
    var high: UInt64
    var low: UInt64
  }

  private(set) var spans: [Entry] = []
  private(set) var traces: [TraceID] = []
  private(set) var names = NameTable()
  private(set) var places: [Place] = []
  /// Spans of other traces that were passed over to hold the bound.
  private(set) var leftOut = 0

  private var traceNumbers: [TraceID: UInt32] = [:]
  private var placeNumbers: [Place: Int32] = [:]
  private var last: (id: TraceID, number: UInt32)?
  private var lastService: (name: String, number: Int32)?
  /// Of all traces, those whose id is a multiple of it are kept.
  private(set) var sampling: UInt64 = 1

  private let maximumSpans: Int

  init(maximumSpans: Int = 2_500_000) {
    self.maximumSpans = maximumSpans
  }

  func service(of place: Int32) -> Int32 { places[Int(place)].service }

  /// `service name` of a place.
  func text(of place: Int32) -> String { names[places[Int(place)].service] + " " + names[places[Int(place)].name] }

  /// Whether the spans of a trace are kept; if not, one more is left out.
  mutating func keeps(_ id: TraceID) -> Bool {
    if isSampled(id) { return true }
    leftOut += 1
    return false
  }

  mutating func add(_ entry: Entry) {
    spans.append(entry)
    if spans.count > maximumSpans { thin() }
  }

  mutating func nameNumber(_ name: ByteView) -> Int32 { names.number(of: name) }

  mutating func serviceNumber(_ name: String) -> Int32 {
    if let lastService, lastService.name == name { return lastService.number }
    let number = names.number(of: name)
    lastService = (name, number)
    return number
  }

  /// The same numbering for a place found otherwise than by its span.
  mutating func number(of place: Place) -> Int32 {
    if let known = placeNumbers[place] { return known }
    let number = Int32(clamping: places.count)
    placeNumbers[place] = number
    places.append(place)
    return number
  }

  mutating func number(of id: TraceID) -> UInt32 {
    if let last, last.id == id { return last.number }
    let number: UInt32
    if let known = traceNumbers[id] {
      number = known
    } else {
      number = UInt32(clamping: traces.count)
      traceNumbers[id] = number
      traces.append(id)
    }
    last = (id, number)
    return number
  }

  /// Takes over the spans of another table.
  mutating func merge(_ other: SpanTable) {
    let placeNumbers = other.places.map { place in
      number(
        of: Place(
          service: names.number(of: other.names[place.service]), name: names.number(of: other.names[place.name])))
    }
    let peerNumbers = other.names.names.map { names.number(of: $0) }
    leftOut += other.leftOut
    while sampling < other.sampling { thin() }
    spans.reserveCapacity(spans.count + other.spans.count)
    for span in other.spans {
      let id = other.traces[Int(span.trace)]
      guard keeps(id) else { continue }
      var span = span
      span.trace = number(of: id)
      span.place = placeNumbers[Int(span.place)]
      if span.peer >= 0 { span.peer = peerNumbers[Int(span.peer)] }
      add(span)
    }
  }

  /// The spans, which the table then no longer has.
  mutating func takeSpans() -> [Entry] {
    defer { spans = [] }
    return spans
  }

  // MARK: Bound

  private func isSampled(_ id: TraceID) -> Bool { sampling == 1 || (id.low ^ id.high) % sampling == 0 }

  /// Keeps half of the traces. Ids are random, so the half is a fair one.
  private mutating func thin() {
    sampling *= 2
    let before = spans.count
    spans.removeAll { [traces, sampling] span in
      let id = traces[Int(span.trace)]
      return (id.low ^ id.high) % sampling != 0
    }
    leftOut += before - spans.count
    // Traces of one id each, such as all of them in one trace, cannot be thinned.
    if spans.count > maximumSpans {
      leftOut += spans.count - maximumSpans / 2
      spans.removeLast(spans.count - maximumSpans / 2)
    }
  }
}
