import JSON
import OTLP
import Platform

/// Finds how far a buffer that still grows holds whole records, each byte looked at once.
///
/// With `stop` it is enough to get there: the search ends with the first record that ends at `stop` or behind it.
struct RecordScanner {
  let format: TraceFormat
  /// Up to here the records are whole.
  private(set) var complete = 0
  /// Up to here a JSON text was searched.
  private var searched = 0
  /// Where in the data the scan met a length that cannot be.
  private(set) var overlong: Int?
  /// How many bytes behind the buffer are still needed, as far as is known.
  private(set) var missing = 0
  private let stop: Int

  init(_ format: TraceFormat, until stop: Int = .max) {
    self.format = format
    self.stop = stop
  }

  /// Takes in `buffer`, which begins where it began at the last call; returns how many bytes at its front are whole
  /// records. A record that would be longer than `limit` sets `overlong`.
  mutating func scan(_ buffer: ByteView, limit: Int) -> Int {
    switch format {
    case .json: stop == .max ? scanJSON(buffer) : scanJSONForward(buffer)
    case .stream: scanFrames(buffer, limit)
    case .protobuf: scanFields(buffer, limit)
    }
    return complete
  }

  /// The caller took the first `count` bytes away.
  mutating func remove(_ count: Int) {
    complete = max(0, complete - count)
    searched = max(0, searched - count)
  }

  private mutating func scanFrames(_ buffer: ByteView, _ limit: Int) {
    while complete < stop, buffer.count - complete >= 4 {
      let length = Int(UInt32(bigEndian: (buffer.start + complete).loadUnaligned(as: UInt32.self)))
      if length > limit {
        overlong = complete
        return
      }
      guard buffer.count - complete - 4 >= length else {
        missing = length - (buffer.count - complete - 4)
        return
      }
      complete += 4 + length
    }
    missing = max(0, complete + 4 - buffer.count)
  }

  private mutating func scanFields(_ buffer: ByteView, _ limit: Int) {
    while complete < min(buffer.count, stop) {
      var cursor = WireCursor(buffer.dropFirst(complete))
      do throws(WireError) {
        guard let tag = try cursor.nextTag() else { return }
        if tag.wireType == 2 {
          var ahead = cursor
          let length = try ahead.varint()
          if length > UInt64(limit) {
            overlong = complete
            return
          }
          missing = max(0, Int(length) - (buffer.end - ahead.position))
        }
        try cursor.skip(tag)
        complete = cursor.position - buffer.start
      } catch {
        // A field that is merely cut is completed by the next read; anything else is for the decoder to report.
        if error != .truncated { complete = buffer.count }
        return
      }
    }
  }

  private static func isEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") }

  private static func isBeginning(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") }

  /// A closing bracket, a line feed and an opening bracket, with nothing but space between them, end one document and
  /// begin another: inside a document a comma would stand between them, and strings hold no bare line feed.
  private mutating func scanJSON(_ buffer: ByteView) {
    var end = buffer.count
    while let index = buffer.lastIndex(of: UInt8(ascii: "\n"), before: end), index >= searched {
      guard let before = Self.visible(buffer, from: index - 1, step: -1) else { break }
      // The other line feeds of the same gap would say the same.
      end = before + 1
      guard Self.isEnd(buffer[before]), let after = Self.visible(buffer, from: index + 1, step: 1),
        Self.isBeginning(buffer[after])
      else { continue }
      complete = index + 1
      break
    }
    // The line feed at the very end may turn out to be a boundary when more arrives: look at the last line again.
    searched = max(0, Self.visible(buffer, from: buffer.count - 1, step: -1) ?? 0)
  }

  /// The first boundary at `stop` or behind it.
  private mutating func scanJSONForward(_ buffer: ByteView) {
    var from = max(searched, stop - 1)
    while let index = buffer.firstIndex(of: UInt8(ascii: "\n"), from: from) {
      guard let after = Self.visible(buffer, from: index + 1, step: 1) else { break }
      from = after
      guard Self.isBeginning(buffer[after]), let before = Self.visible(buffer, from: index - 1, step: -1),
        Self.isEnd(buffer[before])
      else { continue }
      complete = index + 1
      return
    }
    // A line feed at the very end is looked at again when more has arrived.
    searched = max(searched, buffer.lastIndex(of: UInt8(ascii: "\n"), before: buffer.count) ?? 0)
  }

  private static func visible(_ buffer: ByteView, from: Int, step: Int) -> Int? {
    var index = from
    while index >= 0, index < buffer.count {
      let byte = buffer[index]
      if byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09 { return index }
      index += step
    }
    return nil
  }
}
