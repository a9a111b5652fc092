import Libc
import OTLP
import Platform

/// The tables of the durable queue, used by one thread at a time.
///
/// Each row holds requests of one signal, with a bit in `remaining` for every destination that waits for them and one in
/// `delivered` for every destination that has them; `destination` says which bit is whose. Rows are numbered upwards and
/// a number is not used twice while the file is open.
final class QueueStore {
  /// A row as its table describes it, without the bodies.
  struct Stored {
    let row: Int64
    let signal: OTLPSignal
    let requests: Int
    let items: Int
    let bytes: Int
    let plainSize: Int
    /// Unix time in seconds.
    let accepted: Int64
    let remaining: Int64
    let delivered: Int64
  }

  let layout: QueueLayout
  private let database: SQLiteDatabase
  private var undecidedTables: UndecidedTables?
  private let insert: SQLiteDatabase.Statement
  private let insertBody: SQLiteDatabase.Statement?
  private let select: SQLiteDatabase.Statement
  private let deliver: SQLiteDatabase.Statement
  private let remove: SQLiteDatabase.Statement
  private let removeBody: SQLiteDatabase.Statement?
  /// The number of the next row.
  private(set) var nextRow: Int64 = 1
  private var parts = ByteBuffer(capacity: 256)
  private var joined = ByteBuffer(capacity: 256)

  /// Opens or makes the queue at `path`, for its owner alone to read. A layout of a later version is refused.
  init(path: String) throws(SQLiteDatabase.Failure) {
    try QueueLayout.check(path)
    QueueStore.makePrivate(path)
    database = try SQLiteDatabase(path: path)
    var version: Int64 = 0
    var tables: Set<String> = []
    try database.prepare("PRAGMA user_version").run { version = $0.integer(0) }
    try database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").run { tables.insert($0.text(0)) }
    // A commit with FULL survives a power cut.
    try database.execute(
      """
      PRAGMA page_size = 32768;
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 500;
      PRAGMA journal_size_limit = 16777216;
      PRAGMA cache_size = -4096;
      PRAGMA temp_store = MEMORY;
      """)
    if tables.isEmpty, version == 0 {
      try database.execute("BEGIN IMMEDIATE; \(QueueLayout.newTables) COMMIT;")
      version = QueueLayout.packs.rawValue
    }
    layout = try QueueLayout.check(version: version)
    if layout == .requests { try QueueLayout.addDelivered(database) }
    switch layout {
    case .requests:
      insert = try database.prepare(
        """
        INSERT INTO request (id, signal, coding, items, plain_size, bytes, accepted, remaining, delivered, body)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
      insertBody = nil
      removeBody = nil
    case .packs:
      insert = try database.prepare(
        """
        INSERT INTO pack (id, signal, coding, items, plain_size, bytes, accepted, remaining, delivered, requests)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
      insertBody = try database.prepare("INSERT INTO body (id, parts, body) VALUES (?, ?, ?)")
      removeBody = try database.prepare(
        "DELETE FROM body WHERE id IN (SELECT id FROM pack WHERE id BETWEEN ? AND ? AND remaining = ?)")
    }
    let table = layout.table
    select = try database.prepare("\(layout.bodies) WHERE id BETWEEN ? AND ? AND remaining & ? ORDER BY id")
    deliver = try database.prepare(
      "UPDATE \(table) SET remaining = remaining & ~?1, delivered = delivered | ?1 WHERE id BETWEEN ?2 AND ?3 AND remaining & ?1"
    )
    remove = try database.prepare("DELETE FROM \(table) WHERE id BETWEEN ? AND ? AND remaining = ?")
    var last: Int64 = 0
    try database.prepare("SELECT max(id) FROM \(table)").run { last = $0.integer(0) }
    if tables.isSuperset(of: UndecidedTables.names) {
      try database.prepare(
        "SELECT max(coalesce((SELECT max(id) FROM undecided), 0), coalesce((SELECT max(last) FROM verdict), 0))"
      ).run { last = max(last, $0.integer(0)) }
    }
    nextRow = last + 1
  }

  // MARK: What a stage has not judged

  /// The tables of it, made where there are none.
  func undecided() throws(SQLiteDatabase.Failure) -> UndecidedTables {
    if let undecidedTables { return undecidedTables }
    let tables = try UndecidedTables(database, layout: layout)
    undecidedTables = tables
    return tables
  }

  /// Whether there is any of it.
  func hasUndecided() throws(SQLiteDatabase.Failure) -> Bool {
    var isThere = false
    try database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'undecided'").run { _ in isThere = true }
    guard isThere else { return false }
    isThere = false
    try database.prepare("SELECT 1 FROM undecided LIMIT 1").run { _ in isThere = true }
    return isThere
  }

  /// How much of it there is.
  func undecidedSize() throws(SQLiteDatabase.Failure) -> (requests: Int, bytes: Int) {
    var size = (requests: 0, bytes: 0)
    guard try hasUndecided() else { return size }
    try database.prepare("SELECT count(*), sum(length(body)) FROM undecided").run {
      size = (Int($0.integer(0)), Int($0.integer(1)))
    }
    return size
  }

  /// Adds a request of traces that is to be judged; its row.
  func addUndecided(_ request: ByteView, items: Int) throws(SQLiteDatabase.Failure) -> Int64 {
    defer { nextRow += 1 }
    try undecided().add(request, items: items, row: nextRow)
    return nextRow
  }

  /// Makes the file where there is none, and lets nobody else read it: SQLite gives its log the same mode.
  private static func makePrivate(_ path: String) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    fchmod(descriptor, 0o600)
    close(descriptor)
    for suffix in ["-wal", "-shm"] { chmod(path + suffix, 0o600) }
  }

  // MARK: Destinations

  /// Which bit is whose.
  func destinations() throws(SQLiteDatabase.Failure) -> [Int64: String] {
    var names: [Int64: String] = [:]
    try database.prepare("SELECT bit, name FROM destination").run { names[$0.integer(0)] = $0.text(1) }
    return names
  }

  /// The bit number of a name that has none yet. There are 62, and one that no row bears can be taken from another name.
  func add(_ name: String, keeping names: Set<String>) throws(SQLiteDatabase.Failure) -> Int64 {
    let known = try destinations()
    var free = (Int64(0)..<62).first { known[$0] == nil }
    if free == nil { free = try unused(among: known.keys.filter { bit in !names.contains(known[bit] ?? "") }) }
    guard let bit = free else {
      throw SQLiteDatabase.Failure(code: 1, description: "it holds data for too many destinations")
    }
    try self.name(bit, name)
    return bit
  }

  private func unused(among bits: [Int64]) throws(SQLiteDatabase.Failure) -> Int64? {
    let used = try usedBits()
    return bits.sorted().first { used & (1 << $0) == 0 }
  }

  /// The bits that some row bears.
  func usedBits() throws(SQLiteDatabase.Failure) -> Int64 {
    var used: Int64 = 0
    try database.prepare("SELECT DISTINCT remaining | delivered FROM \(layout.table)").run { used |= $0.integer(0) }
    return used
  }

  /// Gives a bit to a name, with everything that waits there.
  func name(_ bit: Int64, _ name: String) throws(SQLiteDatabase.Failure) {
    try database.prepare("INSERT OR REPLACE INTO destination (bit, name) VALUES (?, ?)").run([
      .integer(bit), .text(name),
    ])
  }

  /// Lets rows of `signal` that wait for destinations other than `present` wait for one of those instead that has not had
  /// them, where there is one. Nobody gets anything twice.
  func reassign(_ signal: OTLPSignal, present: Int64) throws(SQLiteDatabase.Failure) {
    let heirs = "(?2 & ~delivered & ~remaining)"
    try database.prepare(
      """
      UPDATE \(layout.table) SET remaining = remaining & ?2 | (\(heirs) & -\(heirs))
      WHERE signal = ?1 AND remaining & ~?2 AND \(heirs)
      """
    ).run([.integer(Int64(signal.index)), .integer(present)])
  }

  // MARK: Rows

  func begin() throws(SQLiteDatabase.Failure) { try database.execute("BEGIN IMMEDIATE") }
  func commit() throws(SQLiteDatabase.Failure) { try database.execute("COMMIT") }
  func rollback() { try? database.execute("ROLLBACK") }

  /// Adds requests of one signal and in one form that wait for the destinations with the bits `remaining`; their rows.
  func add(
    _ payloads: [Payload], remaining: Int64, delivered: Int64 = 0, now: Int64
  ) throws(SQLiteDatabase.Failure) -> ClosedRange<Int64> {
    let first = nextRow
    if layout == .requests {
      for payload in payloads {
        guard let body = payload.gzip ?? payload.plain else { throw QueueStore.noBody }
        try insert.run(fields([payload], remaining, delivered, now) + [.blob(body.view)])
        nextRow += 1
      }
    } else {
      try addPack(payloads, remaining, delivered, now)
      nextRow += 1
    }
    return first...max(first, nextRow - 1)
  }

  /// The same as row `row`, which must be free.
  func add(
    _ payloads: [Payload], row: Int64, remaining: Int64, delivered: Int64, now: Int64
  ) throws(SQLiteDatabase.Failure) {
    let next = nextRow
    nextRow = row
    defer { nextRow = max(next, row + 1) }
    _ = try add(payloads, remaining: remaining, delivered: delivered, now: now)
  }

  private static let noBody = SQLiteDatabase.Failure(code: 1, description: "a request has no body")

  private func fields(
    _ payloads: [Payload], _ remaining: Int64, _ delivered: Int64, _ now: Int64
  ) -> [SQLiteDatabase.Value] {
    var items = 0
    var plain = 0
    var bytes = 0
    for payload in payloads {
      items += payload.items
      plain += payload.plainSize
      bytes += payload.heldBytes
    }
    return [
      .integer(nextRow), .integer(Int64(payloads.first?.signal.index ?? 0)),
      .integer(payloads.first?.gzip == nil ? 0 : 1), .integer(Int64(items)), .integer(Int64(plain)),
      .integer(Int64(bytes)), .integer(now), .integer(remaining), .integer(delivered),
    ]
  }

  private func addPack(
    _ payloads: [Payload], _ remaining: Int64, _ delivered: Int64, _ now: Int64
  ) throws(SQLiteDatabase.Failure) {
    guard let first = payloads.first, let insertBody else { throw QueueStore.noBody }
    var packed = PackedParts(signal: first.signal, isGzip: first.gzip != nil)
    packed.parts.reserveCapacity(payloads.count)
    joined.removeAll()
    for payload in payloads {
      guard let body = packed.isGzip ? payload.gzip : payload.plain else { throw QueueStore.noBody }
      packed.parts.append(.init(stored: body.count, plain: payload.plainSize, items: payload.items))
      if payloads.count > 1 { joined.append(body.view) }
    }
    parts.removeAll()
    packed.write(into: &parts)
    try insert.run(fields(payloads, remaining, delivered, now) + [.integer(Int64(payloads.count))])
    let alone = payloads.count == 1 ? first.gzip ?? first.plain : nil
    try insertBody.run([.integer(nextRow), .blob(parts.view), .blob(alone?.view ?? joined.view)])
    // Kept between packs, but not for the largest request there ever was.
    if joined.allocatedCount > 1 << 20 { joined = ByteBuffer(capacity: 256) }
  }

  /// A destination has the rows; those that nobody waits for go.
  func finish(_ rows: ClosedRange<Int64>, bit: Int64) throws(SQLiteDatabase.Failure) {
    let range: [SQLiteDatabase.Value] = [.integer(rows.lowerBound), .integer(rows.upperBound), .integer(bit)]
    try removeBody?.run(range)
    try remove.run(range)
    if database.changedRows == rows.count { return }
    try deliver.run([.integer(bit), .integer(rows.lowerBound), .integer(rows.upperBound)])
  }

  /// The requests among `rows` that wait for a destination.
  func load(_ rows: ClosedRange<Int64>, bit: Int64, accepted: Int64) throws(SQLiteDatabase.Failure) -> [Payload] {
    var payloads: [Payload] = []
    var isDamaged = false
    try select.run([.integer(rows.lowerBound), .integer(rows.upperBound), .integer(bit)]) { row in
      let body = row.blob(4)
      var packed = PackedParts(signal: row.signal(0), isGzip: row.integer(1) == 1)
      if layout == .packs {
        guard let read = PackedParts(row.blob(5), bodySize: body.count) else {
          isDamaged = true
          return
        }
        packed = read
      } else {
        packed.parts = [.init(stored: body.count, plain: Int(row.integer(3)), items: Int(row.integer(2)))]
      }
      payloads += packed.payloads(body, accepted: accepted)
    }
    if isDamaged { throw .corrupt }
    return payloads
  }

  /// Describes up to `limit` rows after `row`, in order; the last one it came to, `nil` when there are none.
  func scan(
    after row: Int64, upTo last: Int64 = .max, limit: Int, _ body: (Stored) -> Void
  ) throws(SQLiteDatabase.Failure) -> Int64? {
    let requests = layout == .packs ? "requests" : "1"
    let rows = try database.prepare(
      """
      SELECT id, signal, items, bytes, plain_size, accepted, remaining, delivered, \(requests)
      FROM \(layout.table) WHERE id > ? AND id <= ? ORDER BY id LIMIT ?
      """)
    var end: Int64?
    try rows.run([.integer(row), .integer(last), .integer(Int64(limit))]) {
      end = $0.integer(0)
      body(
        Stored(
          row: $0.integer(0), signal: $0.signal(1), requests: Int($0.integer(8)), items: Int($0.integer(2)),
          bytes: Int($0.integer(3)), plainSize: Int($0.integer(4)), accepted: $0.integer(5), remaining: $0.integer(6),
          delivered: $0.integer(7)))
    }
    return end
  }

  /// Forgets that a destination waits for anything; how many rows that were.
  func drop(bit: Int64) throws(SQLiteDatabase.Failure) {
    if layout == .packs {
      try database.prepare("DELETE FROM body WHERE id IN (SELECT id FROM pack WHERE remaining = ?)").run([.integer(bit)]
      )
    }
    try database.prepare("DELETE FROM \(layout.table) WHERE remaining = ?").run([.integer(bit)])
    try database.prepare("UPDATE \(layout.table) SET remaining = remaining & ~?1 WHERE remaining & ?1").run([
      .integer(bit)
    ])
  }

  /// What waits for a destination, and since when, in Unix seconds.
  func summary(bit: Int64) throws(SQLiteDatabase.Failure) -> (requests: Int, items: Int, bytes: Int, accepted: Int64) {
    var sum = (requests: 0, items: 0, bytes: 0, accepted: Int64(0))
    let requests = layout == .packs ? "requests" : "1"
    try database.prepare(
      "SELECT sum(\(requests)), sum(items), sum(bytes), min(accepted) FROM \(layout.table) WHERE remaining & ?"
    ).run([.integer(bit)]) { sum = (Int($0.integer(0)), Int($0.integer(1)), Int($0.integer(2)), $0.integer(3)) }
    return sum
  }

  /// Whether no row is left.
  func isEmpty() throws(SQLiteDatabase.Failure) -> Bool {
    var isEmpty = true
    try database.prepare("SELECT 1 FROM \(layout.table) LIMIT 1").run { _ in isEmpty = false }
    return isEmpty ? try !hasUndecided() : false
  }

  // MARK: Room

  /// Bytes of the file, and of those how many are free for new rows.
  func room() throws(SQLiteDatabase.Failure) -> (size: Int, free: Int) {
    var numbers: [Int64] = []
    for name in ["page_size", "page_count", "freelist_count"] {
      try database.prepare("PRAGMA \(name)").run { numbers.append($0.integer(0)) }
    }
    return (Int(numbers[0] * numbers[1]), Int(numbers[0] * numbers[2]))
  }

  /// Gives up to `pages` free pages back to the file system.
  func shrink(pages: Int) throws(SQLiteDatabase.Failure) {
    try database.prepare("PRAGMA incremental_vacuum(\(pages))").run()
  }

  /// Empties the log into the file, so that both have their true size.
  func checkpoint() throws(SQLiteDatabase.Failure) { try database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").run() }

  /// Makes the file as small as its content.
  func compact() throws(SQLiteDatabase.Failure) {
    try database.execute("VACUUM")
    try checkpoint()
  }

  /// Writes everything to a new file at `path`.
  func copy(to path: String) throws(SQLiteDatabase.Failure) {
    try database.prepare("VACUUM INTO ?").run([.text(path)])
  }
}

extension SQLiteDatabase.Row {
  /// A signal by its index; an index that there is not counts as traces, which the body's check will tell.
  fileprivate func signal(_ column: Int32) -> OTLPSignal {
    let index = Int(clamping: integer(column))
    return OTLPSignal.allCases.indices.contains(index) ? OTLPSignal(index: index) : .traces
  }
}
