import OTLP
import Platform

/// The service graph in a saved state: names, edges, and the ends that wait for their counterpart.
extension GraphState {
  private enum Field {
    static let name = 1
    static let edge = 2
    static let waiting = 3
    static let root = 4
    static let evicted = 5
    static let unpaired = 6
  }

  /// - Parameter withWaiting: whether more is to come: then those that wait go with it.
  func save(into buffer: inout ByteBuffer, withWaiting: Bool) {
    let texts = names.texts
    for id in 1..<max(1, UInt32(texts.count)) { buffer.appendField(Field.name, bytes: texts[id]) }
    for (position, key) in edges.keys.enumerated() {
      buffer.appendField(Field.edge) { buffer in
        buffer.appendVarint(UInt64(key.client))
        buffer.appendVarint(UInt64(key.server))
        buffer.appendVarint(UInt64(ConnectionType.allCases.firstIndex(of: key.type) ?? 0))
        buffer.appendVarint(UInt64(key.virtual.rawValue))
        buffer.appendVarint(UInt64(key.labels.count))
        for label in key.labels { buffer.appendVarint(UInt64(label)) }
        let cells = edges.cells(position)
        for index in 0..<edges.layout.stride { buffer.appendVarint(cells[index]) }
        for table in edges.natives { if let native = table[position] { StateWriter.append(native, &buffer) } }
      }
    }
    buffer.appendField(Field.evicted, varint: UInt64(evicted))
    buffer.appendField(Field.unpaired, varint: UInt64(unpaired))
    guard withWaiting else { return }
    waiting.forEach { end in Self.append(end, Field.waiting, &buffer) }
    roots.forEach { end in Self.append(end, Field.root, &buffer) }
  }

  private static func append(_ end: CallEnd, _ field: Int, _ buffer: inout ByteBuffer) {
    buffer.appendField(field) { buffer in
      for word in [
        end.key.trace.high, end.key.trace.low, end.key.span, UInt64(end.flags.rawValue), UInt64(end.service),
        UInt64(end.peer), UInt64(end.database), end.latency, end.time,
        UInt64(truncatingIfNeeded: end.weight.fixed), UInt64(truncatingIfNeeded: end.weight.fixed >> 64),
        UInt64(end.dimensions.count),
      ] { buffer.appendVarint(word) }
      for id in end.dimensions { buffer.appendVarint(UInt64(id)) }
    }
  }

  mutating func restore(_ message: ByteView, at now: Int64) throws(WireError) {
    var ids: [UInt32] = [0]
    func id(_ word: UInt64) throws(WireError) -> UInt32 {
      if word == UInt64(CallEnd.noRoom) { return CallEnd.noRoom }
      guard word < UInt64(ids.count) else { throw .truncated }
      return ids[Int(word)]
    }
    func list(_ words: inout WireCursor) throws(WireError) -> [UInt32] {
      let count = try words.varint()
      guard count <= 64 else { throw .truncated }
      var list: [UInt32] = []
      for _ in 0..<count { list.append(try id(words.varint())) }
      return list
    }
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      switch (tag.field, tag.wireType) {
      case (Field.name, 2): ids.append(number(try cursor.bytes()))
      case (Field.edge, 2):
        var words = WireCursor(try cursor.bytes())
        var key = EdgeTable.Key(client: try id(words.varint()), server: try id(words.varint()), type: .direct)
        let type = try words.varint()
        guard type < UInt64(ConnectionType.allCases.count) else { throw .truncated }
        key.type = ConnectionType.allCases[Int(type)]
        key.virtual = FinishedCall.VirtualNode(rawValue: UInt8(truncatingIfNeeded: try words.varint())) ?? .none
        key.labels = try list(&words)
        var cells: [UInt64] = []
        for _ in 0..<edges.layout.stride { cells.append(try words.varint()) }
        var histograms: [NativeHistogram] = []
        for table in edges.natives where table.isEnabled { histograms.append(try StateReader.native(&words)) }
        edges.restore(key, cells, histograms)
      case (Field.waiting, 2):
        let end = try Self.end(cursor.bytes(), id, list)
        if waiting.find(end.key) == nil { _ = waiting.add(end, at: now) }
      case (Field.root, 2):
        let end = try Self.end(cursor.bytes(), id, list)
        if roots.find(end.key) == nil { _ = roots.add(end, at: now) }
      case (Field.evicted, 0): evicted = Int(clamping: try cursor.varint())
      case (Field.unpaired, 0): unpaired = Int(clamping: try cursor.varint())
      default: try cursor.skip(tag)
      }
    }
  }

  private static func end(
    _ message: ByteView, _ id: (UInt64) throws(WireError) -> UInt32,
    _ list: (inout WireCursor) throws(WireError) -> [UInt32]
  ) throws(WireError) -> CallEnd {
    var words = WireCursor(message)
    let high = try words.varint()
    let low = try words.varint()
    let span = try words.varint()
    let flags = CallEnd.Flags(rawValue: UInt8(truncatingIfNeeded: try words.varint()))
    var end = CallEnd(
      key: CallEnd.Key(trace: (high, low), span: span), flags: flags, service: try id(words.varint()),
      peer: try id(words.varint()), database: try id(words.varint()), latency: try words.varint(),
      time: try words.varint(), weight: .one)
    let fixed = UInt128(try words.varint())
    end.weight = Weight(fixed: fixed | UInt128(try words.varint()) << 64)
    end.dimensions = try list(&words)
    return end
  }
}
