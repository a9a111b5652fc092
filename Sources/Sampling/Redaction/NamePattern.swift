import Platform

/// Names of attributes to redact: `span.http.request.header.*`, with `*` for any run of characters.
struct NamePattern: Sendable {
  /// Where attributes are.
  enum Place: String, Sendable, CaseIterable { case resource, instrumentation, span, event, link }

  /// `nil`: anywhere.
  let place: Place?
  private let parts: [[UInt8]]

  /// From `PLACE.NAME`, or `.NAME` for any place; `nil` for anything else.
  init?(_ text: String) {
    guard let dot = text.firstIndex(of: "."), text.index(after: dot) < text.endIndex else { return nil }
    let word = text[..<dot]
    if word.isEmpty {
      place = nil
    } else {
      guard let known = Place(rawValue: String(word)) else { return nil }
      place = known
    }
    parts = text[text.index(after: dot)...].split(separator: "*", omittingEmptySubsequences: false)
      .map { Array($0.utf8) }
  }

  func matches(_ name: ByteView, in place: Place) -> Bool {
    if let wanted = self.place, wanted != place { return false }
    guard let first = parts.first, let last = parts.last, name.hasPrefix(first) else { return false }
    if parts.count == 1 { return name.count == first.count }
    var rest = name.dropFirst(first.count)
    guard rest.count >= last.count, rest.dropFirst(rest.count - last.count).hasPrefix(last) else { return false }
    rest = rest.prefix(rest.count - last.count)
    for part in parts.dropFirst().dropLast() {
      while !rest.hasPrefix(part) {
        if rest.count <= part.count { return false }
        rest = rest.dropFirst(1)
      }
      rest = rest.dropFirst(part.count)
    }
    return true
  }
}
