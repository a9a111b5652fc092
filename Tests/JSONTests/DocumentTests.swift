import Foundation
import JSON
import Platform
import TestSupport
import Testing

@Suite struct DocumentTests {
  @Test func keepsPlacesDuplicatesAndDigits() throws {
    let text = #"{"a": 1.0, "b": [true, null], "a": "x\ny"}"#
    let value = try JSONDocument.parse(text)
    let members = try #require(value.members)
    #expect(members.map(\.key) == ["a", "b", "a"])
    #expect(members[0].value == JSONValue(.number("1.0"), range: 6..<9))
    #expect(members[1].keyRange == 11..<14)
    #expect(members[1].value.range == 16..<28)
    #expect(members[1].value[1]?.isNull == true)
    #expect(value["a"]?.string == "x\ny")
    #expect(value.range == 0..<text.utf8.count)
  }

  @Test func refusesWhatFollows() {
    #expect(throws: JSONError(.trailingData, at: 3)) { try JSONDocument.parse("{} x") }
    #expect(throws: JSONError(.unexpectedEnd, at: 0)) { try JSONDocument.parse("") }
  }

  @Test func refusesDeepTrees() {
    let limit = JSONDocument.depthLimit
    let text = String(repeating: "[", count: limit + 1)
    #expect(throws: JSONError(.tooDeep, at: limit)) { try JSONDocument.parse(text) }
  }

  @Test func randomTreesSurviveWriting() throws {
    var random = SeededRandom()
    for _ in 0..<500 {
      let tree = randomTree(&random, depth: 0)
      for style in [JSONWriter.Style.compact, .pretty] {
        var writer = JSONWriter(style: style)
        writer.value(tree)
        let read = try JSONDocument.parse(String(decoding: writer.bytes, as: UTF8.self))
        #expect(withoutRanges(read) == tree, "\(random.note)")
        // A second reader agrees that this is JSON.
        _ = try JSONSerialization.jsonObject(with: Data(writer.bytes), options: .fragmentsAllowed)
      }
    }
  }

  @Test func randomDamageNeverHarms() throws {
    var random = SeededRandom()
    let bad: [UInt8] = [0x22, 0x5C, 0x2C, 0x7D, 0x5D, 0x30, 0xC3, 0x00, 0x65, 0x2E]
    for _ in 0..<2_000 {
      var writer = JSONWriter()
      writer.value(randomTree(&random, depth: 1))
      var bytes = writer.bytes
      for _ in 0..<(1 + random.next() % 2) {
        bytes[Int(random.next() % UInt64(bytes.count))] = bad[Int(random.next() % UInt64(bad.count))]
      }
      // Neither a crash nor a read outside; what is accepted must survive a round trip.
      guard let read = try? bytes.withByteView({ try JSONDocument.parse($0) }) else { continue }
      var again = JSONWriter()
      again.value(read)
      let second = try again.bytes.withByteView { try JSONDocument.parse($0) }
      #expect(withoutRanges(second) == withoutRanges(read), "\(random.note)")
    }
  }

  func withoutRanges(_ value: JSONValue) -> JSONValue {
    switch value.content {
    case .object(let members): JSONValue(.object(members.map { JSONMember($0.key, withoutRanges($0.value)) }))
    case .array(let elements): JSONValue(.array(elements.map(withoutRanges)))
    default: JSONValue(value.content)
    }
  }

  func randomTree(_ random: inout SeededRandom, depth: Int) -> JSONValue {
    switch random.next() % (depth > 4 ? 5 : 7) {
    case 0: return JSONValue(.null)
    case 1: return JSONValue(.bool(random.next() % 2 == 0))
    case 2: return JSONValue(.number(randomNumber(&random)))
    case 3, 4: return JSONValue(.string(randomText(&random)))
    case 5:
      var elements: [JSONValue] = []
      for _ in 0..<(random.next() % 5) { elements.append(randomTree(&random, depth: depth + 1)) }
      return JSONValue(.array(elements))
    default:
      var members: [JSONMember] = []
      for index in 0..<(random.next() % 5) {
        members.append(JSONMember("\(index)" + randomText(&random), randomTree(&random, depth: depth + 1)))
      }
      return JSONValue(.object(members))
    }
  }

  func randomNumber(_ random: inout SeededRandom) -> String {
    switch random.next() % 3 {
    case 0: "\(Int64(bitPattern: random.next()))"
    case 1: "\(random.next() % 1000).\(random.next() % 100)0"
    default: "-\(random.next() % 10)e\(Int(random.next() % 40) - 20)"
    }
  }

  func randomText(_ random: inout SeededRandom) -> String {
    let alphabet: [Character] = [
      "a", "\"", "\\", "\n", "\u{1}", "é", "€", "😀", "/", " ", "\u{7F}", "\u{2028}", "x", "0",
    ]
    var text = ""
    for _ in 0..<(random.next() % 24) { text.append(alphabet[Int(random.next() % UInt64(alphabet.count))]) }
    return text
  }
}

@Suite struct WriterTests {
  func write(_ style: JSONWriter.Style) -> String {
    var writer = JSONWriter(style: style)
    writer.beginObject()
    writer.key("a")
    writer.beginArray()
    writer.int(1)
    writer.double(2)
    writer.double(0.5)
    writer.double(.nan)
    writer.endArray()
    writer.key("b")
    writer.beginObject()
    writer.endObject()
    writer.key("c")
    writer.null()
    writer.endObject()
    writer.newline()
    writer.bool(true)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func writesCompact() {
    #expect(write(.compact) == #"{"a":[1,2,0.5,"NaN"],"b":{},"c":null}"# + "\ntrue")
  }

  @Test func writesPretty() {
    #expect(
      write(.pretty) == """
        {
          "a": [
            1,
            2,
            0.5,
            "NaN"
          ],
          "b": {},
          "c": null
        }
        true
        """)
  }

  @Test func escapes() {
    var writer = JSONWriter()
    writer.string("\"\\/\u{8}\u{C}\n\r\t\u{0}\u{1F}\u{7F}é😀")
    #expect(String(decoding: writer.bytes, as: UTF8.self) == #""\"\\/\b\f\n\r\t\u0000\u001f\u007fé😀""#)
  }

  @Test func replacesInvalidUTF8() {
    var writer = JSONWriter()
    writer.string(utf8: [0x61, 0xFF, 0x62])
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "\"a\u{FFFD}b\"")
  }

  @Test func doublesSurvive() throws {
    var random = SeededRandom()
    for _ in 0..<5_000 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { continue }
      var writer = JSONWriter()
      writer.double(value)
      let text = String(decoding: writer.bytes, as: UTF8.self)
      #expect(try JSONDocument.parse(text).double == value, "\(random.note)")
    }
  }
}
