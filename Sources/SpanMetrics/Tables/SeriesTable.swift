import Platform

/// What tells series apart: small numbers, and the span's name.
struct SpanSeriesKey: Hashable, Sendable {
  /// The number of the resource's labels.
  var resource: UInt32
  var kind: Int32
  var status: Int32
  /// The span's name as the series has it.
  var name: UInt32
}

/// All series of one aggregator: keys, the numbers of their further values, and their cells.
///
/// Series 0 is the overflow series, which takes the spans of series for which there is no room.
///
/// Invariants: `records`, `extraIDs` (`extraCount` words a series) and `cells` have an entry for each of `count` series.
/// A record's name stands in the interner that gave its number, which lives as long as the table.
struct SeriesTable: ~Copyable {
  struct Record {
    let key: SpanSeriesKey
    let name: ByteView
    let hash: UInt64
    let cells: UnsafeMutablePointer<UInt64>
  }

  private var records: UnsafeMutablePointer<Record>
  private var capacity = 256
  private(set) var count = 0
  private var extraIDs: [UInt32] = []
  private let extraCount: Int
  private var index = HashIndex()
  private var blocks: CellBlocks
  private let limit: Int

  /// - Parameters:
  ///   - stride: words of cells a series has.
  ///   - extraCount: values a key has besides those in `SpanSeriesKey`.
  ///   - limit: most series, the overflow series not counted.
  init(stride: Int, extraCount: Int, limit: Int) {
    records = .allocate(capacity: capacity)
    blocks = CellBlocks(stride: stride)
    self.extraCount = extraCount
    self.limit = limit
    append(SpanSeriesKey(resource: .max, kind: 0, status: 0, name: 0), .empty, hash: 0)
    extraIDs.append(contentsOf: repeatElement(0, count: extraCount))
  }

  deinit { records.deallocate() }

  var isFull: Bool { count > limit }

  subscript(position: Int) -> Record { records[position] }

  func extras(_ position: Int) -> ArraySlice<UInt32> {
    extraIDs[position * extraCount..<(position + 1) * extraCount]
  }

  /// The keys of all series.
  var keys: [SpanSeriesKey] { (0..<count).map { records[$0].key } }

  /// The further values of all series, `extraCount` each.
  var allExtras: [UInt32] { extraIDs }

  /// The cells of all series, one after the other.
  var allCells: [UInt64] { blocks.copy() }

  /// The cells of the series with this key, if there is one.
  @inline(__always)
  func find(
    _ hash: UInt64, resource: UInt32, kind: Int32, status: Int32, name: ByteView,
    extras: UnsafePointer<UInt32>
  ) -> Int? {
    index.find(hash) { position in
      let record = records[position]
      guard record.key.resource == resource, record.key.kind == kind, record.key.status == status,
        record.name.matches(name)
      else { return false }
      for extra in 0..<extraCount where extraIDs[position &* extraCount &+ extra] != extras[extra] { return false }
      return true
    }
  }

  /// Adds a series; the caller has made sure that it is not there and that the table is not full. `name` is the
  /// interner's copy.
  mutating func add(_ key: SpanSeriesKey, name: ByteView, extras: UnsafePointer<UInt32>, hash: UInt64) -> Int {
    let position = count
    append(key, name, hash: hash)
    for extra in 0..<extraCount { extraIDs.append(extras[extra]) }
    let records = records
    index.insert(hash, position) { records[$0].hash }
    return position
  }

  private mutating func append(_ key: SpanSeriesKey, _ name: ByteView, hash: UInt64) {
    if count == capacity {
      let larger = UnsafeMutablePointer<Record>.allocate(capacity: capacity * 2)
      larger.moveInitialize(from: records, count: count)
      records.deallocate()
      records = larger
      capacity *= 2
    }
    (records + count).initialize(to: Record(key: key, name: name, hash: hash, cells: blocks.allocate()))
    count += 1
  }
}
