import Libc
import Platform

/// The pages of an SQLite database file as they are, for reading what is left of a damaged one. SQLite itself stops at the
/// first page that cannot be.
///
/// Formats: https://www.sqlite.org/fileformat2.html. Of the write-ahead log the committed frames count, as far as their
/// checksums hold.
struct SQLitePages {
  /// An open file that several can hold.
  private final class File {
    let descriptor: FileDescriptor
    init(_ path: String) throws(SystemError) { descriptor = try .openForReading(path) }

    func bytes(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
      try descriptor.bytes(at: offset, count: count)
    }
  }

  private let file: File
  private let log: File?
  /// Where the newest version of a page is in the log.
  private var frames: [Int: Int] = [:]
  let pageSize: Int
  /// Bytes of a page that hold content.
  let usable: Int
  let pageCount: Int

  private static let frameHeader = 24
  private static let logHeader = 32

  init(path: String) throws(SystemError) {
    file = try File(path)
    log = try? File("\(path)-wal")
    let header = try file.bytes(at: 0, count: 100)
    let isHeader = header.count == 100 && header.starts(with: Array("SQLite format 3\0".utf8))
    var size = isHeader ? Int(header[16]) << 8 | Int(header[17]) : 0
    if size == 1 { size = 65536 }
    var logHead: [UInt8] = []
    if let log { logHead = try log.bytes(at: 0, count: SQLitePages.logHeader) }
    if !SQLitePages.isPageSize(size), logHead.count == SQLitePages.logHeader { size = logHead.bigEndian(at: 8) }
    // The size that the queue is made with.
    if !SQLitePages.isPageSize(size) { size = 32768 }
    pageSize = size
    usable = size - (isHeader && header[20] < 32 ? Int(header[20]) : 0)
    var count = (try file.descriptor.status().size + size - 1) / size
    if let log, logHead.count == SQLitePages.logHeader {
      let read = try SQLitePages.readLog(log, logHead, pageSize: size)
      frames = read.frames
      count = max(count, read.pages)
    }
    pageCount = count
  }

  private static func isPageSize(_ size: Int) -> Bool { size >= 512 && size <= 65536 && size & (size - 1) == 0 }

  private static func readLog(
    _ log: File, _ head: [UInt8], pageSize: Int
  ) throws(SystemError) -> (frames: [Int: Int], pages: Int) {
    let magic = head.bigEndian(at: 0)
    guard magic & ~1 == 0x377f_0682, head.bigEndian(at: 8) == pageSize else { return ([:], 0) }
    let isBigEndian = magic & 1 == 1
    var sum = Checksum(isBigEndian: isBigEndian)
    sum.add(head[..<24])
    guard sum.equals(head, at: 24) else { return ([:], 0) }
    var committed: [Int: Int] = [:]
    var pending: [Int: Int] = [:]
    var pages = 0
    var offset = logHeader
    while true {
      let frame = try log.bytes(at: offset, count: frameHeader + pageSize)
      guard frame.count == frameHeader + pageSize, frame[8..<16] == head[16..<24] else { break }
      sum.add(frame[..<8])
      sum.add(frame[frameHeader...])
      guard sum.equals(frame, at: 16) else { break }
      pending[frame.bigEndian(at: 0)] = offset + frameHeader
      let size = frame.bigEndian(at: 4)
      if size != 0 {
        committed.merge(pending) { $1 }
        pending = [:]
        pages = size
      }
      offset += frameHeader + pageSize
    }
    return (committed, pages)
  }

  /// The checksum of the write-ahead log.
  private struct Checksum {
    let isBigEndian: Bool
    var first: UInt32 = 0
    var second: UInt32 = 0

    init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

    mutating func add(_ bytes: ArraySlice<UInt8>) {
      bytes.withUnsafeBytes { raw in
        for offset in stride(from: 0, to: raw.count - 7, by: 8) {
          let words = (
            raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self),
            raw.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
          )
          first &+= (isBigEndian ? UInt32(bigEndian: words.0) : UInt32(littleEndian: words.0)) &+ second
          second &+= (isBigEndian ? UInt32(bigEndian: words.1) : UInt32(littleEndian: words.1)) &+ first
        }
      }
    }

    func equals(_ bytes: [UInt8], at offset: Int) -> Bool {
      bytes.bigEndian(at: offset) == Int(first) && bytes.bigEndian(at: offset + 4) == Int(second)
    }
  }

  /// The content of page `number`, from 1; shorter at the end of a file that was cut off.
  func page(_ number: Int) throws(SystemError) -> [UInt8] {
    if let offset = frames[number], let log { return try log.bytes(at: offset, count: pageSize) }
    return try file.bytes(at: (number - 1) * pageSize, count: pageSize)
  }

  /// The pages that hold nothing any more, as far as the list of them can be followed.
  func freePages() throws(SystemError) -> Set<Int> {
    var free: Set<Int> = []
    let header = try page(1)
    guard header.count == pageSize, header.starts(with: Array("SQLite format 3\0".utf8)) else { return free }
    var trunk = header.bigEndian(at: 32)
    while trunk > 1, trunk <= pageCount, free.insert(trunk).inserted {
      let page = try page(trunk)
      guard page.count == pageSize else { break }
      for index in 0..<min(page.bigEndian(at: 4), usable / 4 - 2) {
        let leaf = page.bigEndian(at: 8 + 4 * index)
        if leaf > 1, leaf <= pageCount { free.insert(leaf) }
      }
      trunk = page.bigEndian(at: 0)
    }
    return free
  }

  /// Calls `body` with the records of page `number`, where that is a leaf of a table.
  func forEachRecord(
    onPage number: Int, _ body: (_ row: Int64, _ record: SQLiteRecord) -> Void
  ) throws(SystemError) {
    let page = try page(number)
    let start = number == 1 ? 100 : 0
    guard page.count == pageSize, page[start] == 0x0d else { return }
    let cells = page.bigEndian16(at: start + 3)
    guard start + 8 + 2 * cells <= usable else { return }
    for cell in 0..<cells {
      let offset = page.bigEndian16(at: start + 8 + 2 * cell)
      guard offset >= start + 8 + 2 * cells, offset < usable,
        let (row, payload) = try payload(page, at: offset), let record = SQLiteRecord(payload)
      else { continue }
      body(row, record)
    }
  }

  /// The row number and the payload of a table's cell; `nil` where it cannot be one.
  private func payload(_ page: [UInt8], at offset: Int) throws(SystemError) -> (row: Int64, bytes: [UInt8])? {
    var at = offset
    guard let size = page.sqliteVarint(at: &at), let row = page.sqliteVarint(at: &at), size >= 0,
      size <= Int64(pageCount) * Int64(pageSize)
    else { return nil }
    let total = Int(size)
    let most = usable - 35
    let least = (usable - 12) * 32 / 255 - 23
    let odd = least + (total - least) % (usable - 4)
    let local = total <= most ? total : odd <= most ? odd : least
    guard local >= 0, at + local <= usable else { return nil }
    var bytes = Array(page[at..<at + local])
    if local == total { return (row, bytes) }
    guard at + local + 4 <= usable else { return nil }
    var next = page.bigEndian(at: at + local)
    bytes.reserveCapacity(total)
    while bytes.count < total {
      guard next > 1, next <= pageCount else { return nil }
      let overflow = try self.page(next)
      guard overflow.count == pageSize else { return nil }
      bytes += overflow[4..<min(usable, 4 + total - bytes.count)]
      next = overflow.bigEndian(at: 0)
    }
    return (row, bytes)
  }
}

/// A row as SQLite stores it: integers, texts and blobs.
struct SQLiteRecord {
  enum Value: Equatable {
    case null, real
    case integer(Int64)
    case text(ArraySlice<UInt8>)
    case blob(ArraySlice<UInt8>)
  }

  let values: [Value]

  /// `nil` for bytes that are no record.
  init?(_ bytes: [UInt8]) {
    var at = 0
    guard let headerSize = bytes.sqliteVarint(at: &at), headerSize >= 1, headerSize <= min(bytes.count, 4096) else {
      return nil
    }
    var body = Int(headerSize)
    var values: [Value] = []
    while at < Int(headerSize) {
      guard let type = bytes.sqliteVarint(at: &at), type >= 0, let size = SQLiteRecord.size(of: type),
        body + size <= bytes.count
      else { return nil }
      let content = bytes[body..<body + size]
      body += size
      switch type {
      case 0: values.append(.null)
      case 7: values.append(.real)
      case 8, 9: values.append(.integer(type - 8))
      case 1...6:
        let isNegative = content.first.map { $0 & 0x80 != 0 } ?? false
        values.append(.integer(content.reduce(isNegative ? -1 : 0) { $0 << 8 | Int64($1) }))
      default: values.append(type & 1 == 1 ? .text(content) : .blob(content))
      }
    }
    guard at == Int(headerSize), body == bytes.count else { return nil }
    self.values = values
  }

  private static func size(of type: Int64) -> Int? {
    switch type {
    case 0, 8, 9: 0
    case 1...4: Int(type)
    case 5: 6
    case 6, 7: 8
    case 10, 11: nil
    default: Int(exactly: (type - 12) / 2)
    }
  }
}

extension [UInt8] {
  fileprivate func bigEndian(at offset: Int) -> Int { self[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }

  fileprivate func bigEndian16(at offset: Int) -> Int { Int(self[offset]) << 8 | Int(self[offset + 1]) }

  /// SQLite's variable-length integer: seven bits a byte, most significant first, eight in the ninth.
  fileprivate func sqliteVarint(at offset: inout Int) -> Int64? {
    var value: UInt64 = 0
    for index in 0..<9 {
      guard offset < count else { return nil }
      let byte = self[offset]
      offset += 1
      if index == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
      value = value << 7 | UInt64(byte & 0x7f)
      if byte & 0x80 == 0 { break }
    }
    return Int64(bitPattern: value)
  }
}
