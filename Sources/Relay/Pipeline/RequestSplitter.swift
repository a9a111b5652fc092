import OTLP
import Platform

/// Cuts requests that are too large to be sent in one: between Resource… messages, then Scope… messages, then items,
/// repeating the headers that enclose them. The three signals have the same field numbers.
struct RequestSplitter: Sendable {
  /// The most items of a part.
  let maxItems: Int
  /// The most bytes of a part; a single item may be larger.
  let maxBytes: Int

  func mustSplit(items: Int, bytes: Int) -> Bool { items > maxItems || bytes > maxBytes }

  /// Calls `body` with each part of `request` and its number of items, in order.
  func split(
    _ request: ByteView, items: Int, _ body: (consuming ByteBuffer, Int) -> Void
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
          let item = try list.bytes()
          if part.items >= maxItems || (part.items > 0 && part.size + item.count + 12 > maxBytes) {
            let items = part.items
            body(part.finish(), items)
            part.enter(resource: resourceHeader, scope: scopeHeader)
          }
          part.append(item)
        }
      }
    }
    if part.items > 0 {
      let items = part.items
      body(part.finish(), items)
    }
  }

  /// All fields of a Resource… or Scope… message but the repeated one, as they are encoded.
  private func header(of message: ByteView) throws(WireError) -> [UInt8] {
    var header: [UInt8] = []
    var cursor = WireCursor(message)
    while true {
      let start = cursor.position
      guard let tag = try cursor.nextTag() else { return header }
      try cursor.skip(tag)
      if tag != WireTag(field: 2, .lengthDelimited) { header.append(ByteView(start: start, end: cursor.position)) }
    }
  }

  /// A part being put together. The messages that are open are kept apart until they end, since their lengths stand
  /// before them.
  private struct Part: ~Copyable {
    private var done = ByteBuffer(capacity: 1024)
    private var resource = ByteBuffer(capacity: 1024)
    private var scope = ByteBuffer(capacity: 1024)
    private var resourceHeader: [UInt8]?
    private(set) var items = 0
    private var scopeItems = 0
    private var resourceItems = 0

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
    }

    mutating func append(_ item: ByteView) {
      scope.appendField(2, bytes: item)
      items += 1
      scopeItems += 1
      resourceItems += 1
    }

    private mutating func closeScope() {
      if scopeItems > 0 { resource.appendField(2, bytes: scope.view) }
      scope.removeAll()
      scopeItems = 0
    }

    private mutating func closeResource() {
      if resourceItems > 0 { done.appendField(1, bytes: resource.view) }
      resource.removeAll()
      resourceHeader = nil
      resourceItems = 0
    }

    /// Hands over the part and begins the next.
    mutating func finish() -> ByteBuffer {
      closeScope()
      closeResource()
      items = 0
      var taken = ByteBuffer(capacity: 1024)
      swap(&taken, &done)
      return taken
    }
  }
}
