import Compression
import Foundation
import OTLP
import Platform
import TestSupport
import YAML

@testable import Relay

extension FuzzTarget {
  private static let scratch = Result { try TemporaryDirectory() }

  /// A request of 40 bytes, and one of 900, which needs more than a page.
  private static let requests: [[UInt8]] = [
    [0x0a, 38, 0x12, 36, 0x12, 34, 0x2a, 32] + [UInt8](repeating: 97, count: 32),
    [0x0a, 0x81, 7, 0x12, 0xfe, 6, 0x12, 0xfb, 6, 0x2a, 0xf8, 6] + [UInt8](repeating: 97, count: 888),
  ]

  /// Queue files of small pages, so that a short input holds several of them.
  private static func queueSeeds() throws -> [[UInt8]] {
    var seeds: [[UInt8]] = [[]]
    for count in 1...2 {
      let path = try TemporaryDirectory().path("queue.sqlite")
      do {
        let database = try SQLiteDatabase(path: path)
        try database.execute("PRAGMA page_size = 512; BEGIN; \(QueueLayout.newTables) COMMIT;")
        try database.execute("INSERT INTO destination VALUES (0, 'traces http://a')")
        for (row, request) in requests.prefix(count).enumerated() {
          var packed = PackedParts(signal: .traces, isGzip: false)
          packed.parts = [.init(stored: request.count, plain: request.count, items: 1)]
          var parts = ByteBuffer()
          packed.write(into: &parts)
          let size = Int64(request.count)
          try database.execute("INSERT INTO pack VALUES (\(row + 1), 0, 0, 1, \(size), \(size), 1, 1, 0, 1)")
          try request.withByteView { (body) throws(SQLiteDatabase.Failure) in
            try database.prepare("INSERT INTO body VALUES (?, ?, ?)").run([
              .integer(Int64(row + 1)), .blob(parts.view), .blob(body),
            ])
          }
        }
      }
      seeds.append(try Array(Data(contentsOf: URL(filePath: path))))
    }
    return seeds
  }

  /// A damaged queue file is read to its end, and nothing that it says of itself is believed.
  static let queue = FuzzTarget("queue", seeds: queueSeeds) { view in
    let path = try scratch.get().write("queue.sqlite", [UInt8](view))
    var salvage = try QueueSalvage(path: path)
    var items = 0
    try salvage.forEach { rescued in items += rescued.payloads.reduce(0) { $0 + $1.items } }
    // A request of one span has four bytes at least, and a page can be of several records.
    try hold(items <= view.count * view.count, "\(items) items came out of \(view.count) bytes")
  }

  private static func seamSeeds() throws -> [[UInt8]] {
    var seeds: [[UInt8]] = []
    for text in ["", "hello", String(repeating: "hello ", count: 100)] {
      var compressor = try GzipCompressor()
      var out = ByteBuffer()
      Array(text.utf8).withByteView { compressor.compress($0, into: &out) }
      seeds.append([UInt8](out.view))
    }
    // As Go ends its members.
    let go: [UInt8] = [
      0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 0x4a, 0x04, 4, 0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff, 0x43, 0xbe, 0xb7,
      0xe8, 1, 0, 0, 0,
    ]
    seeds.append(go)
    return seeds
  }

  /// Members that are said to be joinable are one member together, with the content of all.
  static let seam = FuzzTarget("seam", seeds: seamSeeds) { view in
    var decompressor = try GzipDecompressor()
    var content = ByteBuffer()
    let limit = 100_000
    guard let form = try? decompressor.decompressFindingSeam(view, into: &content, limit: limit),
      case .joinable(let seam) = form
    else { return }
    var joiner = GzipJoiner()
    var joined = ByteBuffer()
    joiner.begin(&joined)
    for _ in 0..<2 { joiner.add(view, seam, to: &joined) }
    try joiner.end(&joined)
    var again = ByteBuffer()
    let members = try decompressor.decompress(joined.view, into: &again, limit: 2 * limit)
    try hold(members == 1, "\(members) members")
    try hold([UInt8](again.view) == [UInt8](content.view) + [UInt8](content.view), "the content is another")
  }

  private static let yamlSeeds = [
    "a: 1\nb: [x, 'y', \"z\"]\nc: {d: e}\n", "- &a b\n- *a\n", "a: |\n  text\n", "? x\n: y\n",
    "{\"a\": [1, true, null]}",
  ]

  /// YAML is a tree with places, or one error with a place.
  static let yaml = FuzzTarget("yaml", seeds: { yamlSeeds.map { Array($0.utf8) } }) { view in
    do throws(YAMLError) {
      let root = try YAMLDocument.parse(view)
      if root.line < 1 || root.column < 1 { throw YAMLError("no place", line: root.line, column: root.column) }
    } catch {
      try hold(error.line >= 1 && error.column >= 1 && !error.reason.contains("no place"), "\(error)")
    }
  }
}
