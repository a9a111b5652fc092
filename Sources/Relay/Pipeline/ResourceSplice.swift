import OTLP
import Platform

/// Sets resource attributes without decoding what they are set on: each Resource message loses the attributes of the
/// same names and gets the new ones at its end.
public struct ResourceSplice: Sendable {
  private let names: [[UInt8]]
  /// The attributes, encoded as fields of a Resource.
  private let encoded: [UInt8]

  /// - Parameter attributes: names and string values; of a name given twice the last counts.
  public init(_ attributes: [(name: String, value: String)]) {
    var last: [String: String] = [:]
    var order: [String] = []
    for (name, value) in attributes {
      if last.updateValue(value, forKey: name) == nil { order.append(name) }
    }
    var buffer = ByteBuffer()
    for name in order {
      buffer.appendField(1) { attribute in
        attribute.appendField(1, string: name)
        attribute.appendField(2) { value in value.appendField(1, string: last[name] ?? "") }
      }
    }
    names = order.map { Array($0.utf8) }
    encoded = [UInt8](buffer.view)
  }

  /// Appends `request` with the attributes set to `out`.
  func apply(to request: ByteView, into out: inout ByteBuffer) throws(WireError) {
    var top = WireCursor(request)
    while true {
      let start = top.position
      guard let tag = try top.nextTag() else { return }
      if tag == WireTag(field: 1, .lengthDelimited) {
        let content = try top.bytes()
        try out.appendField(1, reserving: 3) { (out) throws(WireError) in try resourceContent(content, into: &out) }
      } else {
        try top.skip(tag)
        out.append(ByteView(start: start, end: top.position))
      }
    }
  }

  /// A Resource… message. The Resource comes out first; where there are several, which protobuf merges, their content is
  /// put together.
  private func resourceContent(_ message: ByteView, into out: inout ByteBuffer) throws(WireError) {
    try out.appendField(1, reserving: 2) { (out) throws(WireError) in
      var cursor = WireCursor(message)
      while let tag = try cursor.nextTag() {
        if tag == WireTag(field: 1, .lengthDelimited) {
          try attributes(cursor.bytes(), into: &out)
        } else {
          try cursor.skip(tag)
        }
      }
      out.append(encoded)
    }
    var cursor = WireCursor(message)
    while true {
      let start = cursor.position
      guard let tag = try cursor.nextTag() else { return }
      try cursor.skip(tag)
      if tag != WireTag(field: 1, .lengthDelimited) { out.append(ByteView(start: start, end: cursor.position)) }
    }
  }

  /// A Resource's fields without the attributes that are set anew.
  private func attributes(_ resource: ByteView, into out: inout ByteBuffer) throws(WireError) {
    var cursor = WireCursor(resource)
    while true {
      let start = cursor.position
      guard let tag = try cursor.nextTag() else { return }
      var isReplaced = false
      if tag == WireTag(field: 1, .lengthDelimited) {
        let attribute = try cursor.bytes()
        // An attribute that cannot be read is not one of ours; what becomes of it is the destination's business.
        isReplaced = (try? isSet(attribute)) ?? false
      } else {
        try cursor.skip(tag)
      }
      if !isReplaced { out.append(ByteView(start: start, end: cursor.position)) }
    }
  }

  private func isSet(_ attribute: ByteView) throws(WireError) -> Bool {
    var cursor = WireCursor(attribute)
    var key = ByteView.empty
    while let tag = try cursor.nextTag() {
      if tag == WireTag(field: 1, .lengthDelimited) {
        key = try cursor.bytes()
      } else {
        try cursor.skip(tag)
      }
    }
    return names.contains { $0.count == key.count && key.hasPrefix($0) }
  }
}
