/// Header fields in order; names compare without case (RFC 9110 section 5.1).
public struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  /// One field.
  public struct Field: Sendable, Equatable {
    public var name: String
    public var value: String
  }

  public private(set) var fields: [Field] = []

  public init() {}

  public init(dictionaryLiteral elements: (String, String)...) {
    fields = elements.map { Field(name: $0.0, value: $0.1) }
  }

  /// Reads `Name: value` as a user writes it. An empty name, or characters a header may not hold, is an error.
  public init(line: String) throws(HTTPError) {
    guard let colon = line.firstIndex(of: ":") else {
      // What was given may be a secret, so it is not repeated.
      throw .invalidHeader("expected 'Name: value'")
    }
    try add(String(line[..<colon]).trimmed, String(line[line.index(after: colon)...]).trimmed)
  }

  /// Appends a field. Line breaks or NUL in either part are an error: they would start another header.
  public mutating func add(_ name: String, _ value: String) throws(HTTPError) {
    let nameIsValid =
      !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"()<>@,;:\\\"/[]?={}".utf8.contains($0) }
    guard nameIsValid else { throw .invalidHeader("a header name holds a character that is not allowed") }
    guard !value.utf8.contains(where: { $0 == 10 || $0 == 13 || $0 == 0 }) else {
      throw .invalidHeader("the value of header \(name) holds a line break")
    }
    fields.append(Field(name: name, value: value))
  }

  /// The first value of a name; setting replaces all of them, nil removes them.
  public subscript(name: String) -> String? {
    get { fields.first { HTTPHeaders.same($0.name, name) }?.value }
    set {
      fields.removeAll { HTTPHeaders.same($0.name, name) }
      if let newValue { fields.append(Field(name: name, value: newValue)) }
    }
  }

  /// Adds a field as a server sent it, without checks.
  mutating func addReceived(_ name: String, _ value: String) {
    fields.append(Field(name: name, value: value))
  }

  static func same(_ first: String, _ second: String) -> Bool {
    first.utf8.count == second.utf8.count
      && zip(first.utf8, second.utf8).allSatisfy { $0 == $1 || lower($0) == lower($1) }
  }

  private static func lower(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }
}

extension String {
  /// Without spaces, tabs and line ends at both ends.
  var trimmed: String {
    let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\n" || $0 == "\r\n" }
    var rest = self[...]
    while let first = rest.first, blank(first) { rest.removeFirst() }
    while let last = rest.last, blank(last) { rest.removeLast() }
    return String(rest)
  }
}
