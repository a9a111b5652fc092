import OTLP
import Platform

/// The tables of the durable queue, used by one thread at a time.
///
/// `request` holds each body once, with a bit in `remaining` for every destination that waits for it and one in `delivered`
/// for every destination that has it; `destination` says which bit is whose.
final class QueueStore {
  /// A request as the table describes it, without its body.
  struct Stored {
    let row: Int64
    let signal: OTLPSignal
    let items: Int
    let bytes: Int
    let plainSize: Int
    /// Unix time in seconds.
    let accepted: Int64
    let remaining: Int64
    let delivered: Int64
  }

  private let database: SQLiteDatabase
  private let insert: SQLiteDatabase.Statement
  private let select: SQLiteDatabase.Statement
  private let deliver: SQLiteDatabase.Statement
  private let remove: SQLiteDatabase.Statement

  /// Opens or makes the queue at `path`. A queue that another process has open is refused.
  init(path: String) throws(SQLiteDatabase.Failure) {
    database = try SQLiteDatabase(path: path)
    // One process owns the queue, so that no memory has to be shared; FULL makes a commit survive a power cut.
    try database.execute(
      """
      PRAGMA page_size = 32768;
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 1000;
      PRAGMA journal_size_limit = 67108864;
      PRAGMA cache_size = -4096;
      PRAGMA temp_store = MEMORY;
      CREATE TABLE IF NOT EXISTS destination (bit INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
      CREATE TABLE IF NOT EXISTS request (
        id INTEGER PRIMARY KEY, signal INTEGER NOT NULL, coding INTEGER NOT NULL, items INTEGER NOT NULL,
        plain_size INTEGER NOT NULL, bytes INTEGER NOT NULL, accepted INTEGER NOT NULL, remaining INTEGER NOT NULL,
        delivered INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL);
      BEGIN IMMEDIATE;
      COMMIT;
      """)
    try QueueStore.addDelivered(database)
    insert = try database.prepare(
      """
      INSERT INTO request (signal, coding, items, plain_size, bytes, accepted, remaining, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """)
    select = try database.prepare("SELECT signal, coding, items, plain_size, body FROM request WHERE id = ?")
    deliver = try database.prepare(
      "UPDATE request SET remaining = remaining & ~?1, delivered = delivered | ?1 WHERE id = ?2")
    remove = try database.prepare("DELETE FROM request WHERE id = ? AND remaining & ~? = 0")
  }

  /// Gives the column `delivered` to a queue that was made without it.
  private static func addDelivered(_ database: SQLiteDatabase) throws(SQLiteDatabase.Failure) {
    var columns: Set<String> = []
    try database.prepare("SELECT name FROM pragma_table_info('request')").run { columns.insert($0.text(0)) }
    if columns.contains("delivered") { return }
    try database.execute("ALTER TABLE request ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0")
  }

  /// The bit of each name; names not seen before get one. There are 62.
  func bits(of names: [String]) throws(SQLiteDatabase.Failure) -> [Int64] {
    var known: [String: Int64] = [:]
    try database.prepare("SELECT bit, name FROM destination").run { known[$0.text(1)] = $0.integer(0) }
    // A bit that no request bears can be given to another.
    var used: Int64 = 0
    try database.prepare("SELECT remaining | delivered FROM request").run { used |= $0.integer(0) }
    let add = try database.prepare("INSERT OR REPLACE INTO destination (bit, name) VALUES (?, ?)")
    for name in names where known[name] == nil {
      let taken = Set(known.values)
      let free =
        (0..<62).first { !taken.contains($0) }
        ?? (0..<62).first { bit in used & (1 << bit) == 0 && !names.contains { known[$0] == bit } }
      guard let bit = free else {
        throw SQLiteDatabase.Failure(code: 1, description: "it holds data for too many destinations")
      }
      known = known.filter { $0.value != bit }
      try add.run([.integer(bit), .text(name)])
      known[name] = bit
    }
    return names.map { 1 << (known[$0] ?? 62) }
  }

  func begin() throws(SQLiteDatabase.Failure) { try database.execute("BEGIN IMMEDIATE") }
  func commit() throws(SQLiteDatabase.Failure) { try database.execute("COMMIT") }
  func rollback() { try? database.execute("ROLLBACK") }

  /// Adds a request that waits for the destinations with the bits `remaining`; its row.
  func add(_ payload: Payload, remaining: Int64, now: Int64) throws(SQLiteDatabase.Failure) -> Int64 {
    guard let body = payload.gzip ?? payload.plain else { return 0 }
    try insert.run([
      .integer(Int64(payload.signal.index)), .integer(payload.gzip == nil ? 0 : 1), .integer(Int64(payload.items)),
      .integer(Int64(payload.plainSize)), .integer(Int64(payload.heldBytes)), .integer(now), .integer(remaining),
      .blob(body.view),
    ])
    return database.lastInsertedRow
  }

  /// A destination has the request; one that nobody waits for goes.
  func finish(_ row: Int64, bit: Int64) throws(SQLiteDatabase.Failure) {
    try remove.run([.integer(row), .integer(bit)])
    try deliver.run([.integer(bit), .integer(row)])
  }

  /// Lets a request wait for other destinations than it did.
  func reassign(_ row: Int64, remaining: Int64) throws(SQLiteDatabase.Failure) {
    try database.prepare("UPDATE request SET remaining = ? WHERE id = ?").run([.integer(remaining), .integer(row)])
  }

  func load(_ row: Int64) throws(SQLiteDatabase.Failure) -> Payload? {
    var payload: Payload?
    try select.run([.integer(row)]) { row in
      var body = ByteBuffer(capacity: row.blob(4).count)
      body.append(row.blob(4))
      let bytes = OwnedBytes(body)
      let isGzip = row.integer(1) == 1
      payload = Payload(
        signal: OTLPSignal(index: Int(row.integer(0))), items: Int(row.integer(2)), plainSize: Int(row.integer(3)),
        plain: isGzip ? nil : bytes, gzip: isGzip ? bytes : nil, accepted: monotonicNanoseconds())
    }
    return payload
  }

  /// Everything that waits, oldest first.
  func all() throws(SQLiteDatabase.Failure) -> [Stored] {
    var stored: [Stored] = []
    let rows = try database.prepare(
      "SELECT id, signal, items, bytes, plain_size, accepted, remaining, delivered FROM request ORDER BY id")
    try rows.run {
      stored.append(
        Stored(
          row: $0.integer(0), signal: OTLPSignal(index: Int($0.integer(1))), items: Int($0.integer(2)),
          bytes: Int($0.integer(3)), plainSize: Int($0.integer(4)), accepted: $0.integer(5), remaining: $0.integer(6),
          delivered: $0.integer(7)))
    }
    return stored
  }
}
