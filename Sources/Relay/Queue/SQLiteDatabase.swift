import CSQLite
import Platform

/// An SQLite database, used by one thread at a time.
///
/// Invariants: statements are finalized before the connection closes, since they are owned by objects that hold the
/// database; bytes that are bound stay alive until the statement has run, since `step` comes in the same call.
final class SQLiteDatabase {
  /// Why SQLite would not do what it was asked to.
  struct Failure: Error, CustomStringConvertible {
    let code: Int32
    let description: String

    /// Whether the disk is full or broken rather than the database: trying later can help.
    var isStorage: Bool { [SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_NOMEM].contains(code & 0xff) }

    /// Whether the file holds something that cannot be.
    var isCorruption: Bool { [SQLITE_CORRUPT, SQLITE_NOTADB].contains(code & 0xff) }

    /// What it holds contradicts itself.
    static let corrupt = Failure(code: SQLITE_CORRUPT, description: "database disk image is malformed")
  }

  fileprivate let handle: OpaquePointer

  init(path: String) throws(Failure) {
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(
      path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil)
    guard code == SQLITE_OK, let opened else {
      let text = opened.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
      sqlite3_close(opened)
      throw Failure(code: code, description: text)
    }
    handle = opened
    sqlite3_extended_result_codes(handle, 1)
  }

  deinit { sqlite3_close_v2(handle) }

  fileprivate func failure(_ code: Int32) -> Failure {
    Failure(code: code, description: String(cString: sqlite3_errmsg(handle)))
  }

  /// Runs statements that give no rows, or whose rows are of no interest.
  func execute(_ sql: String) throws(Failure) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    if code != SQLITE_OK { throw failure(code) }
  }

  func prepare(_ sql: String) throws(Failure) -> Statement { try Statement(self, sql) }

  /// Rows that the last statement inserted, changed or removed.
  var changedRows: Int { Int(sqlite3_changes(handle)) }

  /// A value to bind to a parameter.
  enum Value {
    case integer(Int64)
    case text(String)
    /// Must stay alive until `run` or the walk over `rows` has ended.
    case blob(ByteView)
  }

  /// A prepared statement.
  final class Statement {
    private let database: SQLiteDatabase
    private let handle: OpaquePointer

    fileprivate init(_ database: SQLiteDatabase, _ sql: String) throws(Failure) {
      self.database = database
      var prepared: OpaquePointer?
      let code = sqlite3_prepare_v3(database.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
      guard code == SQLITE_OK, let prepared else { throw database.failure(code) }
      handle = prepared
    }

    deinit { sqlite3_finalize(handle) }

    /// Runs the statement with `values` as its parameters and calls `row` for each row it gives.
    func run(_ values: [Value] = [], _ row: (Row) -> Void = { _ in }) throws(Failure) {
      defer {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
      }
      for (index, value) in values.enumerated() {
        let position = Int32(index + 1)
        let code =
          switch value {
          case .integer(let number): sqlite3_bind_int64(handle, position, number)
          // A destructor of -1 makes SQLite copy the text.
          case .text(let text):
            sqlite3_bind_text(handle, position, text, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
          case .blob(let view): sqlite3_bind_blob(handle, position, view.start, Int32(clamping: view.count), nil)
          }
        if code != SQLITE_OK { throw database.failure(code) }
      }
      while true {
        let code = sqlite3_step(handle)
        if code == SQLITE_DONE { return }
        guard code == SQLITE_ROW else { throw database.failure(code) }
        row(Row(handle))
      }
    }
  }

  /// The row that a statement stands on; valid during the call that hands it out.
  struct Row {
    private let statement: OpaquePointer

    fileprivate init(_ statement: OpaquePointer) { self.statement = statement }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func text(_ column: Int32) -> String {
      sqlite3_column_text(statement, column).map { String(cString: $0) } ?? ""
    }

    func blob(_ column: Int32) -> ByteView {
      guard let bytes = sqlite3_column_blob(statement, column) else { return .empty }
      return ByteView(start: bytes, count: Int(sqlite3_column_bytes(statement, column)))
    }
  }
}
