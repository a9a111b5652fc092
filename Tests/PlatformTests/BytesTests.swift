import Platform
import TestSupport
import Testing

@Suite struct BytesTests {
  @Test(arguments: [0, 1, 3, 4, 7, 8, 15, 16, 17, 33])
  func hexReadsWhatItWrites(count: Int) {
    var random = SeededRandom()
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    let text = bytes.withByteView { Hex.encode($0) }
    #expect(text == bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    #expect(Hex.decode(text) == bytes, "\(random.note)")
    #expect(Hex.decode(text.uppercased()) == bytes, "\(random.note)")
  }

  /// Every byte in every place of a text that is otherwise digits.
  @Test func hexTakesDigitsAndNothingElse() {
    for length in [2, 8, 16, 18] {
      for place in 0..<length {
        for byte in UInt8.min...UInt8.max {
          var text = [UInt8](repeating: UInt8(ascii: "a"), count: length)
          text[place] = byte
          let isDigit = Character(Unicode.Scalar(byte)).isHexDigit
          let valid = text.withByteView { Hex.isValid($0) }
          var room = [UInt8](repeating: 0, count: length / 2)
          let decoded = text.withByteView { view in room.withUnsafeMutableBytes { Hex.decode(view, into: $0) } }
          #expect(valid == isDigit && (decoded == length / 2) == isDigit, "byte \(byte) at \(place) of \(length)")
        }
      }
    }
    #expect(Hex.decode("abc") == nil)
  }

  static let vectors = [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ]

  /// The vectors of RFC 4648, section 10.
  @Test(arguments: vectors)
  func base64Vectors(plain: String, text: String) {
    #expect(Array(plain.utf8).withByteView { Base64.encode($0) } == text)
    #expect(Array(text.utf8).withByteView { Base64.decode($0) } == Array(plain.utf8))
    let bare = text.filter { $0 != "=" }
    #expect(Array(bare.utf8).withByteView { Base64.decode($0) } == Array(plain.utf8))
  }

  @Test(arguments: ["A", "AAAAA", "A=", "Zg===", "Z g=", "Zm9v!", "===="])
  func base64RefusesWhatIsNone(text: String) {
    #expect(Array(text.utf8).withByteView { Base64.decode($0) } == nil)
  }

  @Test func base64ReadsTheURLAlphabet() {
    #expect(
      Array("-_-_".utf8).withByteView { Base64.decode($0) } == Array("+/+/".utf8).withByteView { Base64.decode($0) })
  }

  @Test func aBufferGrowsShiftsAndTruncates() {
    var buffer = ByteBuffer(capacity: 1)
    for byte in 0..<200 { buffer.append(UInt8(byte)) }
    buffer.append(littleEndian: UInt32(0x0403_0201))
    buffer.append(bigEndian: UInt16(0x0506))
    #expect([UInt8](buffer.view) == (0..<200).map { UInt8($0) } + [1, 2, 3, 4, 5, 6])
    buffer.removeFirst(200)
    buffer.shift(from: 2, by: 3)
    buffer.set(9, at: 2)
    #expect(buffer.count == 9)
    #expect(buffer.view[2] == 9 && buffer.view[5] == 3)
    buffer.shift(from: 5, by: -3)
    #expect([UInt8](buffer.view) == [1, 2, 3, 4, 5, 6])
    buffer.truncate(to: 2)
    #expect([UInt8](buffer.view) == [1, 2])
  }

  @Test func lastIndexAgreesWithASlowSearch() {
    var random = SeededRandom()
    for _ in 0..<500 {
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random) }
      for end in 0...bytes.count {
        let expected = bytes[..<end].lastIndex(of: 1)
        #expect(bytes.withByteView { $0.lastIndex(of: 1, before: end) } == expected, "\(random.note)")
      }
    }
  }

  @Test func validityOfUTF8AgreesWithTheStandardLibrary() {
    var random = SeededRandom()
    for _ in 0..<20_000 {
      let lead: [UInt8] = [0xC1, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0x41]
      let bytes =
        [lead[Int.random(in: 0..<lead.count, using: &random)]]
        + (0..<Int.random(in: 0...4, using: &random)).map { _ in UInt8.random(in: 0x70...0xC5, using: &random) }
      #expect(
        bytes.withByteView { $0.isValidUTF8 } == (String(validating: bytes, as: UTF8.self) != nil),
        "\(bytes) \(random.note)")
    }
  }
}
