/// Why the tool gives up.
struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Options as `--name value` pairs.
struct BenchOptions {
  private var values: [String: String] = [:]

  init(_ arguments: ArraySlice<String>) throws(BenchError) {
    var rest = arguments
    while let name = rest.popFirst() {
      guard name.hasPrefix("--"), let value = rest.popFirst() else { throw BenchError("\(name) needs a value") }
      values[String(name.dropFirst(2))] = value
    }
  }

  func text(_ name: String, default value: String = "") -> String { values[name] ?? value }

  func number(_ name: String, default value: Int) throws(BenchError) -> Int {
    guard let text = values[name] else { return value }
    guard let number = Int(text), number >= 0 else { throw BenchError("--\(name) must be a number") }
    return number
  }
}
