import OTLP
import Platform

/// The tables of what a stage has not judged yet, in the file of the durable queue.
///
/// `undecided` holds requests as `body` does, under numbers that no other row has: what is salvaged from a damaged file
/// goes to everybody. `verdict` holds the verdicts of one transaction and the last row that the stage had taken before it:
/// of the traces that any verdict names, all that rows up to the greatest of these hold was dealt with.
final class UndecidedTables {
  private let insert: SQLiteDatabase.Statement
  private let remove: SQLiteDatabase.Statement
  private let removePack: SQLiteDatabase.Statement?
  private let removeBody: SQLiteDatabase.Statement?
  private let insertVerdict: SQLiteDatabase.Statement
  private let removeVerdicts: SQLiteDatabase.Statement
  private let select: SQLiteDatabase.Statement
  private let database: SQLiteDatabase
  private var parts = ByteBuffer(capacity: 64)

  /// So many transactions stay known at least, for what comes late, also after a restart.
  private static let keptVerdicts = 1024
  static let names: Set = ["undecided", "verdict"]

  init(_ database: SQLiteDatabase, layout: QueueLayout) throws(SQLiteDatabase.Failure) {
    self.database = database
    try database.execute(
      """
      CREATE TABLE IF NOT EXISTS undecided (id INTEGER PRIMARY KEY, parts BLOB NOT NULL, body BLOB NOT NULL);
      CREATE TABLE IF NOT EXISTS verdict (id INTEGER PRIMARY KEY, last INTEGER NOT NULL, traces BLOB NOT NULL);
      """)
    insert = try database.prepare("INSERT INTO undecided (id, parts, body) VALUES (?, ?, ?)")
    remove = try database.prepare("DELETE FROM undecided WHERE id = ?")
    let hasPacks = layout == .packs
    removePack = hasPacks ? try database.prepare("DELETE FROM pack WHERE id = ?") : nil
    removeBody = hasPacks ? try database.prepare("DELETE FROM body WHERE id = ?") : nil
    insertVerdict = try database.prepare("INSERT INTO verdict (last, traces) VALUES (?, ?)")
    removeVerdicts = try database.prepare(
      """
      DELETE FROM verdict WHERE last < (SELECT coalesce(min(id), 9223372036854775807) FROM undecided)
      AND id <= (SELECT max(id) FROM verdict) - \(UndecidedTables.keptVerdicts)
      """)
    select = try database.prepare("SELECT id, parts, body FROM undecided WHERE id > ? ORDER BY id LIMIT 1")
  }

  /// Adds a request of traces under `row`.
  func add(_ request: ByteView, items: Int, row: Int64) throws(SQLiteDatabase.Failure) {
    var packed = PackedParts(signal: .traces, isGzip: false)
    packed.parts = [.init(stored: request.count, plain: request.count, items: items)]
    parts.removeAll()
    packed.write(into: &parts)
    try insert.run([.integer(row), .blob(parts.view), .blob(request)])
  }

  /// Forgets requests of which everything is judged. `everywhere`: also where salvaging has put them.
  func settle(_ rows: [Int64], everywhere: Bool) throws(SQLiteDatabase.Failure) {
    for row in rows {
      try remove.run([.integer(row)])
      guard everywhere else { continue }
      try removePack?.run([.integer(row)])
      try removeBody?.run([.integer(row)])
    }
  }

  /// Notes verdicts, and forgets those that no request needs any more.
  func note(_ verdicts: [UInt8], last: Int64) throws(SQLiteDatabase.Failure) {
    if verdicts.isEmpty { return }
    try verdicts.withByteView { (view) throws(SQLiteDatabase.Failure) in
      try insertVerdict.run([.integer(last), .blob(view)])
    }
    try removeVerdicts.run()
  }

  /// Calls `body` with all verdicts; the last row that had been taken before them, 0 without any.
  func forEachVerdict(_ body: (ByteView) -> Void) throws(SQLiteDatabase.Failure) -> Int64 {
    var last: Int64 = 0
    try database.prepare("SELECT last, traces FROM verdict ORDER BY id").run {
      last = max(last, $0.integer(0))
      body($0.blob(1))
    }
    return last
  }

  /// Calls `body` with the first request after `row`; its row, `nil` when there is none. What cannot be read is passed
  /// over as corrupt.
  func next(after row: Int64, _ body: (Payload) -> Void) throws(SQLiteDatabase.Failure) -> Int64? {
    var found: Int64?
    var isDamaged = false
    try select.run([.integer(row)]) { columns in
      found = columns.integer(0)
      let bytes = columns.blob(2)
      guard let packed = PackedParts(columns.blob(1), bodySize: bytes.count) else {
        isDamaged = true
        return
      }
      for payload in packed.payloads(bytes, accepted: monotonicNanoseconds()) { body(payload) }
    }
    if isDamaged { throw .corrupt }
    return found
  }

  /// Forgets all verdicts.
  func removeAllVerdicts() throws(SQLiteDatabase.Failure) { try database.execute("DELETE FROM verdict") }
}
