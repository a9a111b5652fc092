import JSON
import OTLP
import Platform

/// Reads spans of Zipkin's JSON, version 2, and version 1 where a span tells its kind by its core annotations.
struct ZipkinDecoder: ~Copyable {
  private var span = SpanDraft()

  /// One span, its object just opened. What cannot be read goes to `bad`.
  mutating func span(
    _ json: inout TokenReader, at start: Int, into groups: inout SpanGroups,
    bad: (TranscodeError) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    span.reset()
    json.oddity = nil
    var duration: UInt64 = 0
    var hasKind = false
    var isVersion1 = false
    var core: Core = Core()
    var service: JSONToken?
    while let key = try json.nextKey() {
      switch key.count {
      case 2 where key.equals("id"):
        span.spanID = try json.spanID() ?? span.spanID
      case 4 where key.equals("name"): try json.string(5, into: &span.fields)
      case 4 where key.equals("tags"): try tags(&json)
      case 4 where key.equals("kind"):
        if let token = try json.string() {
          hasKind = true
          span.kind = OTLPWords.kind(json.tokens.bytes(of: token))
        }
      case 6 where key.equals("shared"):
        let token = try json.take()
        try json.skipRest(of: token)
      case 7 where key.equals("traceId"):
        span.traceID = try json.traceID() ?? span.traceID
      case 8 where key.equals("duration"): duration = try json.microseconds() ?? 0
      case 8 where key.equals("parentId"):
        span.parentID = try json.spanID() ?? span.parentID
      case 9 where key.equals("timestamp"): span.start = try json.microseconds() ?? 0
      case 11 where key.equals("annotations"): try annotations(&json, &core)
      case 13 where key.equals("localEndpoint"): service = try endpoint(&json, isRemote: false) ?? service
      case 14 where key.equals("remoteEndpoint"): _ = try endpoint(&json, isRemote: true)
      case 17 where key.equals("binaryAnnotations"):
        isVersion1 = true
        try binaryAnnotations(&json, &core)
      default: try json.skip()
      }
    }
    if core.isPresent || isVersion1 {
      if !hasKind { span.kind = core.isServer ? 2 : core.isClient ? 3 : 1 }
      service = service ?? core.service
      if span.start == 0 { span.start = core.first }
      if duration == 0 { duration = core.last.subtractingSaturating(core.first) }
    } else if !hasKind {
      // A span without a kind is a local one.
      span.kind = 1
    }
    span.end = span.start.addingSaturating(duration)
    if let complaint = span.complaint(&json, "Zipkin JSON", at: start, traceID: "traceId", spanID: "id") {
      return try bad(complaint)
    }
    if span.parentID == span.spanID { span.parentID = nil }
    span.finish()
    let key = SpanGroups.Key(resource: service.map { json.tokens.bytes(of: $0) } ?? .empty)
    try groups.add(span.fields.view, key) { [service] (resource, _) in
      guard let service, service.count > 0 else { return }
      resource.appendAttribute(1, "service.name") { json.append(1, service, to: &$0) }
    }
  }

  /// What the core annotations of version 1 tell.
  private struct Core {
    var isClient = false
    var isServer = false
    var service: JSONToken?
    var first: UInt64 = 0
    var last: UInt64 = 0

    var isPresent: Bool { isClient || isServer }

    mutating func add(_ time: UInt64, _ service: JSONToken?) {
      first = first == 0 ? time : min(first, time)
      last = max(last, time)
      if let service { self.service = service }
    }
  }

  /// An endpoint; the name of its service. Of a remote one the attributes are written.
  private mutating func endpoint(_ json: inout TokenReader, isRemote: Bool) throws(TranscodeError) -> JSONToken? {
    var service: JSONToken?
    var address: JSONToken?
    var port: UInt64?
    try json.members { (json, key) throws(TranscodeError) in
      if key.equals("serviceName") {
        service = try json.string()
      } else if key.equals("ipv4") || key.equals("ipv6") && address == nil {
        address = try json.string() ?? address
      } else if key.equals("port") {
        port = try json.count()
      } else {
        try json.skip()
      }
    }
    guard isRemote else { return service }
    if let service, service.count > 0 {
      span.fields.appendAttribute(9, "peer.service") { json.append(1, service, to: &$0) }
    }
    if let address { span.fields.appendAttribute(9, "net.peer.ip") { json.append(1, address, to: &$0) } }
    if let port { span.fields.appendAttribute(9, "net.peer.port") { $0.appendField(3, varint: port) } }
    return service
  }

  private mutating func tags(_ json: inout TokenReader) throws(TranscodeError) {
    guard try json.beginObject() else { return }
    while case let key = try json.take(), key.kind == .key {
      let value = try json.take()
      if value.kind == .string { tag(json, key, value) } else { try json.odd(value, "a string") }
    }
  }

  private mutating func tag(_ json: TokenReader, _ key: JSONToken, _ value: JSONToken) {
    let name = json.tokens.bytes(of: key)
    let text = json.tokens.bytes(of: value)
    if name.equals("error") {
      // The tag's presence means failure, whatever it says, except for a plain "false".
      if text.equals("false") { return }
      span.status = 2
      if !text.equals("true") { span.statusMessage.append(json.text(of: value)) }
    } else if name.equals("otel.status_code") {
      span.status = max(span.status, OTLPWords.status(text))
    } else if name.equals("otel.status_description") {
      span.statusMessage.removeAll()
      span.statusMessage.append(json.text(of: value))
    } else {
      span.fields.appendAttribute(9, json, key) { ZipkinDecoder.append(json, value, text, to: &$0) }
    }
  }

  /// Zipkin has only text; what was a number or a flag becomes one again, so that it compares as such.
  private static func append(_ json: TokenReader, _ value: JSONToken, _ text: ByteView, to out: inout ByteBuffer) {
    if let number = JSONNumber.int64(text), text.count == 1 || text[0] != UInt8(ascii: "0"), !text.equals("-0"),
      !text.hasPrefix([UInt8(ascii: "-"), UInt8(ascii: "0")])
    {
      out.appendField(3, varint: UInt64(bitPattern: number))
    } else if text.equals("true") || text.equals("false") {
      out.appendField(2, varint: text.equals("true") ? 1 : 0)
    } else {
      json.append(1, value, to: &out)
    }
  }

  private mutating func annotations(_ json: inout TokenReader, _ core: inout Core) throws(TranscodeError) {
    guard try json.beginArray() else { return }
    while case let token = try json.take(), token.kind != .arrayEnd {
      guard token.kind == .objectStart else {
        try json.odd(token, "an annotation")
        continue
      }
      var time: UInt64 = 0
      var value: JSONToken?
      var service: JSONToken?
      while let key = try json.nextKey() {
        if key.equals("timestamp") {
          time = try json.microseconds() ?? 0
        } else if key.equals("value") {
          value = try json.string()
        } else if key.equals("endpoint") {
          service = try endpoint(&json, isRemote: false)
        } else {
          try json.skip()
        }
      }
      guard let value else { continue }
      let text = json.tokens.bytes(of: value)
      if text.equals("sr") || text.equals("ss") {
        core.isServer = true
        core.add(time, service)
      } else if text.equals("cs") || text.equals("cr") {
        core.isClient = true
        core.add(time, core.service == nil ? service : nil)
      } else {
        span.fields.appendField(11, reserving: 1) { event in
          event.appendField(1, fixed64: time)
          json.append(2, value, to: &event)
        }
      }
    }
  }

  /// Tags of version 1, and the addresses that it keeps among them.
  private mutating func binaryAnnotations(_ json: inout TokenReader, _ core: inout Core) throws(TranscodeError) {
    guard try json.beginArray() else { return }
    while case let token = try json.take(), token.kind != .arrayEnd {
      guard token.kind == .objectStart else {
        try json.odd(token, "an annotation")
        continue
      }
      var name: JSONToken?
      var value: JSONToken?
      var service: JSONToken?
      while let key = try json.nextKey() {
        if key.equals("key") {
          name = try json.string()
        } else if key.equals("value") {
          value = try json.take()
          if let value { try json.skipRest(of: value) }
        } else if key.equals("endpoint") {
          service = try endpoint(&json, isRemote: false)
        } else {
          try json.skip()
        }
      }
      guard let name, let value else { continue }
      let key = json.tokens.bytes(of: name)
      if key.equals("sa") || key.equals("ca") {
        if let service { span.fields.appendAttribute(9, "peer.service") { json.append(1, service, to: &$0) } }
        continue
      }
      if core.service == nil { core.service = service }
      if key.equals("lc") { continue }
      switch value.kind {
      case .string: tag(json, name, value)
      case .true, .false:
        span.fields.appendAttribute(9, json, name) { $0.appendField(2, varint: value.kind == .true ? 1 : 0) }
      case .number:
        span.fields.appendAttribute(9, json, name) {
          $0.appendField(4, double: JSONNumber.double(json.tokens.bytes(of: value)) ?? 0)
        }
      default: continue
      }
    }
  }
}
