import JSON

/// Writes the small part of YAML that a configuration needs: nested maps, lists of scalars and of maps.
struct YAMLText {
  private(set) var text = ""
  private var depth = 0

  mutating func section(_ key: String, _ body: (inout YAMLText) -> Void) {
    text += indentation + key + ":\n"
    depth += 1
    body(&self)
    depth -= 1
  }

  /// A string, in double quotes, of which JSON's are a part.
  mutating func string(_ key: String, _ value: String) { raw(key, YAMLText.quoted(value)) }

  /// A number, a truth value, or text that needs no quotes.
  mutating func raw(_ key: String, _ value: some CustomStringConvertible) {
    text += "\(indentation)\(key): \(value)\n"
  }

  mutating func list(_ key: String, _ names: [String]) {
    raw(key, "[" + names.map(YAMLText.quoted).joined(separator: ", ") + "]")
  }

  /// A list of maps with string values.
  mutating func maps(_ key: String, _ maps: [[(String, String)]]) {
    text += "\(indentation)\(key):\n"
    for map in maps {
      for (index, (name, value)) in map.enumerated() {
        text += "\(indentation)  \(index == 0 ? "- " : "  ")\(name): \(YAMLText.quoted(value))\n"
      }
    }
  }

  /// Text that was put together apart, at the present depth.
  mutating func append(_ other: YAMLText) {
    for line in other.text.split(separator: "\n") { text += "\(indentation)\(line)\n" }
  }

  private var indentation: String { String(repeating: "  ", count: depth) }

  static func quoted(_ value: String) -> String {
    var bytes: [UInt8] = []
    JSONWriter.appendQuoted(value, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
