import CSQLite
import Libc
import Platform

/// How the tables of a queue file are laid out, as its `user_version` tells.
///
/// `requests` has a row for each request, with its body in the table that says who waits for it. `packs` has a row for
/// several requests, and their bodies apart, so that noting a delivery never writes a body anew; its file shrinks.
enum QueueLayout: Int64, Comparable {
  case requests = 0
  case packs = 1

  static func < (left: QueueLayout, right: QueueLayout) -> Bool { left.rawValue < right.rawValue }

  /// The table of who waits for what.
  var table: String { self == .requests ? "request" : "pack" }

  /// What `load` reads: signal, coding, items, plain size, body and, if any, the parts.
  var bodies: String {
    switch self {
    case .requests: "SELECT signal, coding, items, plain_size, body, NULL FROM request"
    case .packs: "SELECT signal, coding, items, plain_size, body.body, body.parts FROM pack JOIN body USING (id)"
    }
  }

  /// Refuses a file that a later version of the program has written, without opening it as a database: that would change
  /// it. The number stands in its header.
  static func check(_ path: String) throws(SQLiteDatabase.Failure) {
    guard let file = try? FileDescriptor.openForReading(path) else { return }
    var header = [UInt8](repeating: 0, count: 64)
    let count = header.withUnsafeMutableBytes { room in (try? file.read(into: room, at: 0)) ?? 0 }
    guard count == 64, header.starts(with: Array("SQLite format 3\0".utf8)) else { return }
    try check(version: header[60..<64].reduce(Int64(0)) { $0 << 8 | Int64($1) })
  }

  @discardableResult
  static func check(version: Int64) throws(SQLiteDatabase.Failure) -> QueueLayout {
    guard let layout = QueueLayout(rawValue: version) else {
      throw SQLiteDatabase.Failure(
        code: SQLITE_MISMATCH,
        description:
          "it has layout \(version), and this version of ongrid knows those up to \(QueueLayout.packs.rawValue)")
    }
    return layout
  }

  /// The tables of a new file.
  static let newTables = """
    CREATE TABLE destination (bit INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE pack (
      id INTEGER PRIMARY KEY, signal INTEGER NOT NULL, coding INTEGER NOT NULL, items INTEGER NOT NULL,
      plain_size INTEGER NOT NULL, bytes INTEGER NOT NULL, accepted INTEGER NOT NULL, remaining INTEGER NOT NULL,
      delivered INTEGER NOT NULL, requests INTEGER NOT NULL);
    CREATE TABLE body (id INTEGER PRIMARY KEY, parts BLOB NOT NULL, body BLOB NOT NULL);
    PRAGMA user_version = \(QueueLayout.packs.rawValue);
    """

  /// Gives the column `delivered` to a file that was made without it.
  static func addDelivered(_ database: SQLiteDatabase) throws(SQLiteDatabase.Failure) {
    var columns: Set<String> = []
    try database.prepare("SELECT name FROM pragma_table_info('request')").run { columns.insert($0.text(0)) }
    if columns.contains("delivered") { return }
    try database.execute("ALTER TABLE request ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0")
  }
}
