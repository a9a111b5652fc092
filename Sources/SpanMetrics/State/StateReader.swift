import Compression
import OTLP
import Platform

/// A state as it was read: what it says, and the counters, ready to go on.
struct RestoredState {
  var state = SavedState()
  var aggregator: Aggregator
  /// Nil where the configuration wants no service graph, and of an older round, for which it only is to be written.
  var graph: ServiceGraph?
  /// Whether the counters were those of another configuration, and start again.
  var isOtherConfiguration = false
}

/// Why a state cannot be used.
public struct StateError: Error, CustomStringConvertible {
  public let description: String
}

/// Reads what `StateWriter` wrote. The bytes may be anything.
enum StateReader {
  private static let maxBytes = 1 << 30

  static func read(_ bytes: ByteView, _ configuration: SpanMetricsConfiguration) throws(StateError) -> RestoredState {
    var content = ByteBuffer(capacity: 0)
    do throws(CompressionError) {
      var decompressor = try GzipDecompressor()
      try decompressor.decompress(bytes, into: &content, limit: maxBytes)
    } catch { throw StateError(description: error.description) }
    return try read(content: content.view, configuration)
  }

  /// Reads what is in the gzip member.
  static func read(
    content: ByteView, _ configuration: SpanMetricsConfiguration
  ) throws(StateError) -> RestoredState {
    do throws(WireError) { return try fields(content, configuration) } catch {
      throw StateError(description: error.description)
    }
  }

  private static func fields(
    _ content: ByteView, _ configuration: SpanMetricsConfiguration
  ) throws(WireError) -> RestoredState {
    let graph = ServiceGraph(configuration)
    // The configuration was accepted before.
    guard let aggregator = try? Aggregator(configuration, graph: graph) else { throw .truncated }
    var restored = RestoredState(aggregator: aggregator, graph: graph)
    restored.state.isRound = false
    var tables = Tables()
    var cursor = WireCursor(content)
    while let tag = try cursor.nextTag() {
      switch (tag.field, tag.wireType) {
      case (StateField.version, 0):
        if try cursor.varint() != StateField.currentVersion { throw .badTag }
      case (StateField.configuration, 2):
        if String(try cursor.bytes()) != configuration.fingerprint { restored.isOtherConfiguration = true }
      case (StateField.round, 0):
        // There is room for as many again.
        guard let round = UInt32(exactly: try cursor.varint()), round <= .max / 2 else { throw .badTag }
        restored.state.round = round
      case (StateField.isRound, 0): restored.state.isRound = try cursor.varint() != 0
      case (StateField.time, 0): restored.state.time = Int64(bitPattern: try cursor.varint())
      case (StateField.started, 0): restored.state.started = Int64(bitPattern: try cursor.varint())
      case (StateField.deliveredRound, 0):
        restored.state.delivered = Delivered(round: try cursor.varint(), time: restored.state.delivered?.time ?? 0)
      case (StateField.deliveredTime, 0):
        restored.state.delivered = Delivered(
          round: restored.state.delivered?.round ?? 0, time: Int64(bitPattern: try cursor.varint()))
      case (StateField.input, 2): restored.state.inputs.append(try input(cursor.bytes()))
      default:
        if restored.isOtherConfiguration {
          try cursor.skip(tag)
        } else {
          try counters(tag, &cursor, aggregator, graph, &tables)
        }
      }
    }
    return restored
  }

  /// Numbers as the state has them, in the aggregator's terms.
  private struct Tables {
    var texts: [UInt32] = [0]
    var resources: [UInt32] = []

    func text(_ id: UInt64) throws(WireError) -> UInt32 {
      guard id < UInt64(texts.count) else { throw .truncated }
      return texts[Int(id)]
    }
  }

  private static func input(_ message: ByteView) throws(WireError) -> InputPosition {
    var input = InputPosition(path: "")
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      switch (tag.field, tag.wireType) {
      case (1, 2): input.path = String(try cursor.bytes())
      case (2, 0): input.device = try cursor.varint()
      case (3, 0): input.inode = try cursor.varint()
      case (4, 0): input.place.offset = Int(clamping: try cursor.varint())
      case (5, 0): input.place.line = Int(clamping: try cursor.varint())
      case (6, 2): input.head = Array(try cursor.bytes().prefix(InputPosition.headSize))
      default: try cursor.skip(tag)
      }
    }
    return input
  }

  private static func counters(
    _ tag: WireTag, _ cursor: inout WireCursor, _ aggregator: Aggregator, _ graph: ServiceGraph?, _ tables: inout Tables
  ) throws(WireError) {
    switch (tag.field, tag.wireType) {
    case (StateField.spans, 0):
      let count = try cursor.varint()
      aggregator.withCore { $0.spans = count }
    case (StateField.overflowed, 0):
      let count = try cursor.varint()
      aggregator.withCore { $0.overflowed = count }
    case (StateField.filtered, 0):
      let count = try cursor.varint()
      aggregator.withCore { $0.filtered = count }
    case (StateField.tooOld, 0):
      let count = try cursor.varint()
      aggregator.withCore { $0.tooOld = count }
    case (StateField.text, 2):
      let text = try cursor.bytes()
      tables.texts.append(aggregator.withCore { $0.keyer.interner.intern(text) })
    case (StateField.resource, 2):
      var words = WireCursor(try cursor.bytes())
      var labels = ResourceLabels(
        service: try tables.text(words.varint()), job: try tables.text(words.varint()),
        instance: try tables.text(words.varint()))
      tables.resources.append(
        aggregator.withCore { core in
          core.keyer.limit(&labels)
          return core.keyer.resources.number(labels)
        })
    case (StateField.series, 2):
      let message = try cursor.bytes()
      let known = tables
      try aggregator.withCore { (core) throws(WireError) in try series(message, &core, known) }
    case (StateField.target, 2):
      let target = try target(cursor.bytes(), tables)
      aggregator.withCore { $0.keyer.targets.restore(target) }
    case (StateField.host, 2):
      let host = try target(cursor.bytes(), tables)
      aggregator.withCore { $0.keyer.targets.restoreHost(host) }
    case (StateField.event, 2):
      let message = try cursor.bytes()
      let known = tables
      try aggregator.withCore { (core) throws(WireError) in try event(message, &core, known) }
    case (StateField.graph, 2):
      let message = try cursor.bytes()
      if let graph { try graph.restore(message) }
    default: try cursor.skip(tag)
    }
  }

  private static func series(_ message: ByteView, _ core: inout AggregatorCore, _ tables: Tables) throws(WireError) {
    var words = WireCursor(message)
    let resource = try words.varint()
    let kind = Int32(bitPattern: UInt32(truncatingIfNeeded: try words.varint()))
    let status = Int32(bitPattern: UInt32(truncatingIfNeeded: try words.varint()))
    let name = core.keyer.limit(try tables.text(words.varint()))
    var extras: [UInt32] = []
    for index in core.keyer.plan.extras.indices {
      extras.append(core.keyer.limit(try tables.text(words.varint()), extra: index))
    }
    var position = 0
    if resource != UInt64(UInt32.max) {
      guard resource < UInt64(tables.resources.count) else { throw .truncated }
      let key = SpanSeriesKey(resource: tables.resources[Int(resource)], kind: kind, status: status, name: name)
      if extras.isEmpty { extras = [0] }
      position = extras.withUnsafeBufferPointer { buffer in
        // There is one at least.
        core.keyer.position(key, extras: buffer.baseAddress.unsafelyUnwrapped, round: 0)
      }
    }
    // A smaller limit than before sends the rest to the overflow series, as always.
    let cells = core.keyer.series[position].cells
    var saved: [UInt64] = []
    for _ in 0..<core.layout.stride { saved.append(try words.varint()) }
    saved.withUnsafeBufferPointer { buffer in
      if let base = buffer.baseAddress { core.add(base, to: cells) }
    }
    if core.counter.natives.isEnabled { core.counter.natives.merge(try native(&words), at: position) }
  }

  private static func event(_ message: ByteView, _ core: inout AggregatorCore, _ tables: Tables) throws(WireError) {
    var words = WireCursor(message)
    let resource = try words.varint()
    let kind = Int32(bitPattern: UInt32(truncatingIfNeeded: try words.varint()))
    let status = Int32(bitPattern: UInt32(truncatingIfNeeded: try words.varint()))
    let name = core.keyer.limit(try tables.text(words.varint()))
    let count = UInt128(try words.varint()) | UInt128(try words.varint()) << 64
    var entry = EventTable.Entry(
      key: EventTable.Key(series: nil, extras: [], values: []), count: count, firstRound: try words.varint(),
      lastRound: try words.varint())
    if resource != UInt64(UInt32.max) {
      guard resource < UInt64(tables.resources.count) else { throw .truncated }
      entry.key.series = SpanSeriesKey(
        resource: tables.resources[Int(resource)], kind: kind, status: status, name: name)
      let extras = core.keyer.plan.extras.count
      for index in 0..<extras + core.keyer.plan.eventLabels.count {
        let id = core.keyer.limit(try tables.text(words.varint()), extra: index)
        if index < extras { entry.key.extras.append(id) } else { entry.key.values.append(id) }
      }
    }
    core.events.add(entry)
  }

  static func native(_ words: inout WireCursor) throws(WireError) -> NativeHistogram {
    func small(_ word: UInt64) -> Int32 { Int32(bitPattern: UInt32(truncatingIfNeeded: word)) }
    let schema = small(try words.varint())
    let zeroCount = try words.varint()
    var keys: [Int32] = []
    var counts: [UInt64] = []
    for _ in 0..<(try words.varint()) {
      keys.append(small(try words.varint()))
      counts.append(try words.varint())
    }
    var native = NativeHistogram(schema: 8)
    native.restore(schema: schema, zeroCount: zeroCount, keys: keys, counts: counts, limit: 0)
    return native
  }

  private static func target(_ message: ByteView, _ tables: Tables) throws(WireError) -> [String: UInt32] {
    var labels: [String: UInt32] = [:]
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      guard tag == WireTag(field: 1, .lengthDelimited) else {
        try cursor.skip(tag)
        continue
      }
      var label = WireCursor(try cursor.bytes())
      var name = ""
      var value: UInt32 = 0
      while let tag = try label.nextTag() {
        switch (tag.field, tag.wireType) {
        case (1, 2): name = String(try label.bytes())
        case (2, 0): value = try tables.text(label.varint())
        default: try label.skip(tag)
        }
      }
      labels[name] = value
    }
    return labels
  }
}
