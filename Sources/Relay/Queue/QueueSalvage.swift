import Compression
import Libc
import OTLP
import Platform

/// Reads what is left of a damaged queue file, page by page.
///
/// A body counts only where it still is what was accepted: a well-formed request, with as many items as its row says. Rows
/// that had been delivered are left out where the list of free pages is whole; otherwise some of them come again.
struct QueueSalvage {
  /// Requests that share a row.
  struct Rescued {
    let row: Int64
    let payloads: [Payload]
    /// Unix time in seconds; 0 when not known.
    let accepted: Int64
    /// `nil` when not known: everybody's.
    let remaining: Int64?
    let delivered: Int64
  }

  private struct Row {
    let signal: OTLPSignal
    let isGzip: Bool
    let items: Int
    let plain: Int
    let accepted: Int64
    let remaining: Int64
    let delivered: Int64
  }

  private let pages: SQLitePages
  private let free: Set<Int>
  private var rows: [Int64: Row] = [:]
  /// Which bit is whose, as far as it can be read.
  private(set) var destinations: [Int64: String] = [:]
  /// Items of rows whose bodies are damaged or gone.
  private(set) var lostItems = 0

  /// Reads the rows, without their bodies.
  init(path: String) throws(SystemError) {
    pages = try SQLitePages(path: path)
    free = (try? pages.freePages()) ?? []
    var rows: [Int64: Row] = [:]
    var destinations: [Int64: String] = [:]
    try forEachRecord { row, values in
      if values.count == 2, case .text(let name) = values[1] {
        destinations[row] = String(decoding: name, as: UTF8.self)
      } else if values.count >= 9, let entry = QueueSalvage.row(values[1...]) {
        rows[row] = entry
      }
    }
    self.rows = rows
    self.destinations = destinations
  }

  /// The columns from `signal` on; `nil` for another table's.
  private static func row(_ values: ArraySlice<SQLiteRecord.Value>) -> Row? {
    let numbers = values.prefix { if case .integer = $0 { true } else { false } }.map { value -> Int64 in
      if case .integer(let number) = value { number } else { 0 }
    }
    guard numbers.count >= 7, OTLPSignal.allCases.indices.contains(Int(clamping: numbers[0])),
      PackedParts.sizes.contains(numbers[2]), PackedParts.sizes.contains(numbers[3])
    else { return nil }
    return Row(
      signal: OTLPSignal(index: Int(numbers[0])), isGzip: numbers[1] == 1, items: Int(numbers[2]),
      plain: Int(numbers[3]),
      accepted: numbers[5], remaining: numbers[6], delivered: numbers.count > 7 ? numbers[7] : 0)
  }

  /// The bits that rows bear.
  var usedBits: Int64 { rows.values.reduce(0) { $0 | $1.remaining | $1.delivered } }

  private func forEachRecord(_ body: (Int64, [SQLiteRecord.Value]) -> Void) throws(SystemError) {
    for page in 1...max(pages.pageCount, 1) where !free.contains(page) {
      do throws(SystemError) {
        try pages.forEachRecord(onPage: page) { row, record in body(row, record.values) }
      } catch  where error.code == EIO {
        // A sector that cannot be read takes no other with it.
        continue
      }
    }
  }

  /// Calls `body` with everything that can still be read.
  mutating func forEach(_ body: (Rescued) -> Void) throws(SystemError) {
    var seen: Set<Int64> = []
    var lost = 0
    let rows = rows
    try forEachRecord { id, values in
      guard let (packed, bytes) = QueueSalvage.body(values, rows[id]), seen.insert(id).inserted else { return }
      var whole: [Payload] = []
      bytes.withByteView { view in
        for payload in packed.payloads(view, accepted: 0) {
          if QueueSalvage.isWhole(payload) { whole.append(payload) } else { lost += payload.items }
        }
      }
      if whole.isEmpty { return }
      let row = rows[id]
      body(
        Rescued(
          row: id, payloads: whole, accepted: row?.accepted ?? 0, remaining: row?.remaining,
          delivered: row?.delivered ?? 0))
    }
    lostItems = lost + rows.reduce(0) { $0 + (seen.contains($1.key) ? 0 : $1.value.items) }
  }

  /// What a row of a table with bodies holds; `nil` for others.
  private static func body(_ values: [SQLiteRecord.Value], _ known: Row?) -> (PackedParts, [UInt8])? {
    if values.count == 3, case .blob(let parts) = values[1], case .blob(let body) = values[2] {
      let packed = Array(parts).withByteView { PackedParts($0, bodySize: body.count) }
      return packed.map { ($0, Array(body)) }
    }
    guard values.count >= 9, let row = row(values[1...]),
      case .blob(let body)? = values.last(where: { if case .blob = $0 { true } else { false } })
    else { return nil }
    var packed = PackedParts(signal: row.signal, isGzip: row.isGzip)
    packed.parts = [.init(stored: body.count, plain: row.plain, items: row.items)]
    return (packed, Array(body))
  }

  private static func isWhole(_ payload: Payload) -> Bool {
    // Nothing larger was accepted, and a damaged length must not be believed.
    guard payload.plainSize <= 1 << 30, let message = try? payload.message(), message.count == payload.plainSize,
      let walk = try? RequestWalk(message.view, signal: payload.signal)
    else { return false }
    return walk.items == payload.items
  }
}
