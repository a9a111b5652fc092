import OTLP
import Platform

/// Cuts requests that are too large to be sent in one: between Resource… messages, then Scope… messages, then spans,
/// metrics or log records, and last between the data points of a metric, repeating what encloses them. The three signals
/// have the same field numbers.
struct RequestSplitter: Sendable {
  /// The most items of a part; see `RequestWalk.items`.
  let maxItems: Int
  /// The most bytes of a part; a single item may be larger.
  let maxBytes: Int

  func mustSplit(items: Int, bytes: Int) -> Bool { items > maxItems || bytes > maxBytes }

  /// A payload cut in two, or in a few more parts where its elements do not allow halves; `nil` when it holds one item or
  /// cannot be cut.
  static func halves(of payload: Payload) -> [Payload]? {
    guard payload.items > 1, let plain = try? payload.message() else { return nil }
    let splitter = RequestSplitter(maxItems: (payload.items + 1) / 2, maxBytes: .max)
    var parts: [Payload] = []
    do throws(WireError) {
      try splitter.split(plain.view, signal: payload.signal, items: payload.items) { (part, items) in
        let size = part.count
        parts.append(
          Payload(
            signal: payload.signal, items: items, plainSize: size, plain: OwnedBytes(part), gzip: nil,
            accepted: payload.accepted))
      }
    } catch {
      return nil
    }
    return parts.count > 1 ? parts : nil
  }

  /// Calls `body` with each part of `request` and its number of items, in order.
  func split(
    _ request: ByteView, signal: OTLPSignal, items: Int, _ body: (consuming ByteBuffer, Int) -> Void
  ) throws(WireError) {
    guard mustSplit(items: items, bytes: request.count) else {
      var whole = ByteBuffer(capacity: request.count)
      whole.append(request)
      return body(whole, items)
    }
    var part = Part()
    var top = WireCursor(request)
    while let tag = try top.nextTag() {
      guard tag == WireTag(field: 1, .lengthDelimited) else {
        try top.skip(tag)
        continue
      }
      let resource = try top.bytes()
      let resourceHeader = try header(of: resource)
      var scopes = WireCursor(resource)
      while let tag = try scopes.nextTag() {
        guard tag == WireTag(field: 2, .lengthDelimited) else {
          try scopes.skip(tag)
          continue
        }
        let scope = try scopes.bytes()
        let scopeHeader = try header(of: scope)
        part.enter(resource: resourceHeader, scope: scopeHeader)
        var list = WireCursor(scope)
        while let tag = try list.nextTag() {
          guard tag == WireTag(field: 2, .lengthDelimited) else {
            try list.skip(tag)
            continue
          }
          let element = try list.bytes()
          let items = signal == .metrics ? try MetricData.countPoints(of: element) : 1
          if !part.isEmpty, !fits(items, element, in: part) { part.send(to: body) }
          if items > 1, !fits(items, element, in: part) {
            var cut = try MetricCut(element)
            var piece = ByteBuffer()
            let room = maxBytes - part.size - 12
            while case let items = try cut.next(maxItems: maxItems, maxBytes: room, into: &piece), items > 0 {
              if !part.isEmpty { part.send(to: body) }
              part.append(piece.view, items: items)
            }
          } else {
            part.append(element, items: items)
          }
        }
      }
    }
    if !part.isEmpty { part.send(to: body) }
  }

  private func fits(_ items: Int, _ element: ByteView, in part: borrowing Part) -> Bool {
    part.items + items <= maxItems && part.size + element.count + 12 <= maxBytes
  }

  /// All fields of a Resource… or Scope… message but the repeated one.
  private func header(of message: ByteView) throws(WireError) -> [UInt8] {
    try RequestSplitter.fields(of: message) { $0 != WireTag(field: 2, .lengthDelimited) }
  }

  /// The fields of `message` that `isWanted`, as they are encoded.
  static func fields(of message: ByteView, _ isWanted: (WireTag) -> Bool) throws(WireError) -> [UInt8] {
    var wanted: [UInt8] = []
    var cursor = WireCursor(message)
    while true {
      let start = cursor.position
      guard let tag = try cursor.nextTag() else { return wanted }
      try cursor.skip(tag)
      if isWanted(tag) { wanted.append(ByteView(start: start, end: cursor.position)) }
    }
  }

  /// A part being put together. The messages that are open are kept apart until they end, since their lengths stand
  /// before them.
  private struct Part: ~Copyable {
    private var done = ByteBuffer(capacity: 1024)
    private var resource = ByteBuffer(capacity: 1024)
    private var scope = ByteBuffer(capacity: 1024)
    private var resourceHeader: [UInt8]?
    private var scopeHeader: [UInt8] = []
    private(set) var items = 0
    private(set) var isEmpty = true
    private var isScopeEmpty = true
    private var isResourceEmpty = true

    /// Bytes so far, when everything open were closed.
    var size: Int { done.count + resource.count + scope.count + 12 }

    init() {}

    /// Ends the scope that is open and begins another; the resource goes on where it is the same.
    mutating func enter(resource header: [UInt8], scope scopeHeader: [UInt8]) {
      closeScope()
      if resourceHeader != header {
        closeResource()
        resource.append(header)
        resourceHeader = header
      }
      scope.append(scopeHeader)
      self.scopeHeader = scopeHeader
    }

    /// Adds a span, metric or log record that counts as `items`.
    mutating func append(_ element: ByteView, items count: Int) {
      scope.appendField(2, bytes: element)
      items += count
      isEmpty = false
      isScopeEmpty = false
      isResourceEmpty = false
    }

    private mutating func closeScope() {
      if !isScopeEmpty { resource.appendField(2, bytes: scope.view) }
      scope.removeAll()
      isScopeEmpty = true
    }

    private mutating func closeResource() {
      if !isResourceEmpty { done.appendField(1, bytes: resource.view) }
      resource.removeAll()
      resourceHeader = nil
      isResourceEmpty = true
    }

    /// Hands the part over and begins the next inside the same resource and scope.
    mutating func send(to body: (consuming ByteBuffer, Int) -> Void) {
      let header = resourceHeader ?? []
      closeScope()
      closeResource()
      var taken = ByteBuffer(capacity: 1024)
      swap(&taken, &done)
      let count = items
      items = 0
      isEmpty = true
      body(taken, count)
      enter(resource: header, scope: scopeHeader)
    }
  }
}
