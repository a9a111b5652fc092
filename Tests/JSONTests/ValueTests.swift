import Foundation
import JSON
import Platform
import TestSupport
import Testing

@Suite struct UnescapeTests {
  @Test(arguments: [
    (#"plain"#, "plain"), (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"), (#"\u0041\u00e9\u20AC"#, "Aé€"),
    (#"\ud83d\ude00"#, "😀"), (#"\uD83D\uDE00x"#, "😀x"), (#"\ud800"#, "\u{FFFD}"), (#"\udc00"#, "\u{FFFD}"),
    (#"\ud800\ud800"#, "\u{FFFD}\u{FFFD}"), (#"\ud800A"#, "\u{FFFD}A"), (#"\ud800\n"#, "\u{FFFD}\n"),
    (#"\u0000"#, "\0"), (#"é\né"#, "é\né"), ("", ""),
  ])
  func decodes(_ raw: String, _ value: String) {
    #expect(Array(raw.utf8).withByteView { JSONUnescape.string($0) } == value)
  }

  @Test func mapsOffsetsBack() {
    let raw = Array(#"a\"b\u00e9c\ud83d\ude00d"#.utf8)
    // The value is: a " b é (2 bytes) c 😀 (4 bytes) d
    let expected = [0, 1, 3, 4, 4, 10, 11, 11, 11, 11, 23, 24]
    raw.withByteView { view in
      for (decoded, offset) in expected.enumerated() {
        #expect(JSONUnescape.rawOffset(ofDecoded: decoded, in: view) == offset)
      }
    }
  }
}

@Suite struct NumberTests {
  func double(_ text: String) -> Double? { Array(text.utf8).withByteView { JSONNumber.double($0) } }
  func int64(_ text: String) -> Int64? { Array(text.utf8).withByteView { JSONNumber.int64($0) } }
  func uint64(_ text: String) -> UInt64? { Array(text.utf8).withByteView { JSONNumber.uint64($0) } }

  @Test func readsIntegersExactly() {
    #expect(int64("9223372036854775807") == .max)
    #expect(int64("-9223372036854775808") == .min)
    #expect(int64("9223372036854775808") == nil)
    #expect(int64("-9223372036854775809") == nil)
    #expect(uint64("18446744073709551615") == .max)
    #expect(uint64("18446744073709551616") == nil)
    #expect(uint64("99999999999999999999") == nil)
    for text in ["", "-", "1.0", "1e3", "-1", "x", "1x", " 1", "111111111111111111111"] { #expect(uint64(text) == nil) }
    #expect(int64("-0") == 0)
    #expect(int64("--1") == nil)
  }

  @Test(arguments: [
    "0", "-0", "1", "0.1", "1e22", "1e23", "123456789.123456789", "9007199254740993", "5e-324",
    "2.2250738585072011e-308", "1.7976931348623157e308", "179769313486231580793728971405301e276", "0.000001", "1e-22",
    "1e-23", "3.14159265358979323846264338327950288419716939937510582097494459", "18446744073709551616", "1e400",
    "-1e400", "1e-400", "100000000000000000000000000000000000000000000000000", "1e99999999999999999999",
    "0.00000000000000000000000000000000000000000000000001",
  ])
  func readsTheNearestDouble(_ text: String) {
    #expect(double(text) == strtod(text, nil))
  }

  @Test func readsRandomDoubles() {
    var random = SeededRandom()
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { continue }
      #expect(double(value.description) == value, "\(random.note)")
      let whole = Int64(bitPattern: random.next()) >> Int64(random.next() % 60)
      let decimal = "\(whole).\(random.next() % 1_000_000)e\(Int(random.next() % 50) - 25)"
      #expect(double(decimal) == strtod(decimal, nil), "\(decimal) \(random.note)")
    }
  }

  @Test(arguments: ["", "-", ".", "1.", ".5", "1e", "1e+", "abc", "1x", "0x10", "nan", "inf", " 1", "1 "])
  func refusesOtherText(_ text: String) {
    #expect(double(text) == nil)
  }
}

@Suite struct LineColumnTests {
  @Test func countsLinesAndCharacters() {
    let text = Array("ab\né😀x\r\n\nlast".utf8)
    text.withByteView { view in
      let index = LineIndex(view)
      for (offset, line, column) in [
        (0, 1, 1), (2, 1, 3), (3, 2, 1), (5, 2, 2), (9, 2, 3), (10, 2, 4), (12, 3, 1), (13, 4, 1), (17, 4, 5),
        (99, 4, 5),
      ] {
        #expect(LineColumn(of: offset, in: view) == LineColumn(line: line, column: column))
        #expect(index.place(of: offset, in: view) == LineColumn(line: line, column: column))
      }
      for (line, shown) in [(2, "é😀x"), (3, ""), (4, "last"), (5, ""), (0, "")] {
        #expect(String(view[index.range(ofLine: line, in: view)]) == shown)
      }
    }
  }

  @Test func countsCharactersOfLongLines() {
    let text = Array((String(repeating: "é", count: 3000) + "\n" + String(repeating: "x", count: 5000)).utf8)
    text.withByteView { view in
      let index = LineIndex(view)
      for offset in stride(from: 0, through: text.count, by: 2) {
        #expect(index.place(of: offset, in: view) == LineColumn(of: offset, in: view))
      }
    }
  }
}
