import JSON
import Platform

/// Writes the small part of YAML that a collector's configuration needs: nested maps and lists of scalars and of maps.
/// A dollar sign begins a reference there, so in text it is doubled.
struct YAMLWriter {
  private(set) var text = ""
  private var depth = 0

  mutating func section(_ key: String, _ body: (inout YAMLWriter) -> Void) {
    text += indentation + key + ":\n"
    depth += 1
    body(&self)
    depth -= 1
  }

  /// Text, in double quotes.
  mutating func string(_ key: String, _ value: String) { raw(key, YAMLWriter.quoted(value)) }

  /// The value of an environment variable, which stands in quotes so that it is text whatever it looks like.
  mutating func variable(_ key: String, _ name: String) { raw(key, YAMLWriter.reference(name)) }

  /// A number, a truth value, or text that needs no quotes.
  mutating func raw(_ key: String, _ value: some CustomStringConvertible) {
    text += "\(indentation)\(key): \(value)\n"
  }

  /// A span of time as Go reads it, which knows no days.
  mutating func duration(_ key: String, _ value: Duration) {
    let nanoseconds = value.nanoseconds
    let units: [(String, Int64)] = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1)]
    let (name, scale) = units.first { nanoseconds % $0.1 == 0 } ?? ("ns", 1)
    raw(key, "\(nanoseconds / scale)\(name)")
  }

  mutating func list(_ key: String, _ values: [String]) {
    raw(key, "[" + values.map(YAMLWriter.quoted).joined(separator: ", ") + "]")
  }

  mutating func variables(_ key: String, _ names: [String]) {
    raw(key, "[" + names.map(YAMLWriter.reference).joined(separator: ", ") + "]")
  }

  /// A list of maps with string values.
  mutating func maps(_ key: String, _ maps: [[(String, String)]]) {
    text += "\(indentation)\(key):\n"
    for map in maps {
      for (index, (name, value)) in map.enumerated() {
        text += "\(indentation)  \(index == 0 ? "- " : "  ")\(name): \(YAMLWriter.quoted(value))\n"
      }
    }
  }

  /// Text that was put together apart, at the present depth.
  mutating func append(_ other: YAMLWriter) {
    for line in other.text.split(separator: "\n") { text += "\(indentation)\(line)\n" }
  }

  private var indentation: String { String(repeating: "  ", count: depth) }

  private static func reference(_ name: String) -> String { "\"${env:\(name)}\"" }

  /// A string as JSON writes it, which is YAML as well.
  private static func quoted(_ value: String) -> String {
    var bytes: [UInt8] = []
    JSONWriter.appendQuoted(literal(value), to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What stands for exactly `value`, in the file and in variables it refers to: both are searched for references.
  static func literal(_ value: String) -> String {
    value.contains("$") ? value.split(separator: "$", omittingEmptySubsequences: false).joined(separator: "$$") : value
  }
}
