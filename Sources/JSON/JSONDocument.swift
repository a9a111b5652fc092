import Platform

/// A JSON value with its place in the text it was read from.
public struct JSONValue: Sendable, Equatable {
  /// What a value holds.
  public enum Content: Sendable, Equatable {
    /// Members in the order of the text; a key may occur more than once.
    case object([JSONMember])
    case array([JSONValue])
    case string(String)
    /// A number as it is written.
    case number(String)
    case bool(Bool)
    case null
  }

  /// What it holds.
  public var content: Content
  /// The value's bytes, quotes and brackets included, from the start of the text.
  public var range: Range<Int>

  /// A value that was not read from a text has an empty range.
  public init(_ content: Content, range: Range<Int> = 0..<0) {
    self.content = content
    self.range = range
  }
}

/// A key and its value.
public struct JSONMember: Sendable, Equatable {
  /// The key, unescaped.
  public var key: String
  /// The key's bytes with its quotes, from the start of the text.
  public var keyRange: Range<Int>
  /// The value.
  public var value: JSONValue

  /// A member that was not read from a text has an empty range.
  public init(_ key: String, keyRange: Range<Int> = 0..<0, _ value: JSONValue) {
    self.key = key
    self.keyRange = keyRange
    self.value = value
  }
}

extension JSONValue {
  /// The last member called `key`, as most readers of duplicate keys have it; nil for other values.
  public subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = content else { return nil }
    return members.last { $0.key == key }?.value
  }

  /// The element at `index`; nil for other values and outside the bounds.
  public subscript(_ index: Int) -> JSONValue? {
    guard case .array(let elements) = content, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// The members of an object, nil for other values.
  public var members: [JSONMember]? {
    if case .object(let members) = content { members } else { nil }
  }

  /// The elements of an array, nil for other values.
  public var elements: [JSONValue]? {
    if case .array(let elements) = content { elements } else { nil }
  }

  /// The text of a string, nil for other values.
  public var string: String? {
    if case .string(let text) = content { text } else { nil }
  }

  /// A boolean, nil for other values.
  public var bool: Bool? {
    if case .bool(let value) = content { value } else { nil }
  }

  /// The text of a number.
  public var numberText: String? {
    if case .number(let text) = content { text } else { nil }
  }

  /// The nearest double to a number; infinite when it is too large.
  public var double: Double? {
    numberText.flatMap { text in Array(text.utf8).withByteView { JSONNumber.double($0) } }
  }

  /// A number that is an exact 64-bit integer.
  public var int64: Int64? {
    numberText.flatMap { text in Array(text.utf8).withByteView { JSONNumber.int64($0) } }
  }

  /// Whether it is `null`.
  public var isNull: Bool {
    if case .null = content { true } else { false }
  }

  /// What kind of value this is, with its article: "a string", "an object".
  public var kindName: String {
    switch content {
    case .object: "an object"
    case .array: "an array"
    case .string: "a string"
    case .number: "a number"
    case .bool: "a boolean"
    case .null: "null"
    }
  }
}

/// Reads JSON texts into trees.
public enum JSONDocument {
  /// Containers in containers that a tree may have, which bounds the recursion over it.
  public static let depthLimit = 128

  /// The one value of `text`.
  public static func parse(_ text: ByteView) throws(JSONError) -> JSONValue {
    var tokenizer = JSONTokenizer(text, depthLimit: depthLimit)
    let value = try read(&tokenizer)
    // Nothing but white space may follow; `next` throws otherwise.
    _ = try tokenizer.next()
    return value
  }

  /// The one value of `text`.
  public static func parse(_ text: String) throws(JSONError) -> JSONValue {
    try Array(text.utf8).withByteView { view throws(JSONError) in try parse(view) }
  }

  /// The value that starts at the tokenizer's position.
  public static func read(_ tokenizer: inout JSONTokenizer) throws(JSONError) -> JSONValue {
    try read(tokenizer.next(), &tokenizer)
  }

  /// The value whose first token has been read already.
  public static func read(_ token: JSONToken, _ tokenizer: inout JSONTokenizer) throws(JSONError) -> JSONValue {
    switch token.kind {
    case .objectStart:
      var members: [JSONMember] = []
      while true {
        let key = try tokenizer.next()
        guard key.kind == .key else {
          return JSONValue(.object(members), range: token.start..<key.end)
        }
        let name = text(of: key, tokenizer)
        members.append(JSONMember(name, keyRange: key.range, try read(&tokenizer)))
      }
    case .arrayStart:
      var elements: [JSONValue] = []
      while true {
        let element = try tokenizer.next()
        guard element.kind != .arrayEnd else {
          return JSONValue(.array(elements), range: token.start..<element.end)
        }
        elements.append(try read(element, &tokenizer))
      }
    case .string, .key:
      return JSONValue(.string(text(of: token, tokenizer)), range: token.range)
    case .number:
      return JSONValue(.number(String(tokenizer.bytes(of: token))), range: token.range)
    case .true, .false:
      return JSONValue(.bool(token.kind == .true), range: token.range)
    case .null:
      return JSONValue(.null, range: token.range)
    case .objectEnd, .arrayEnd, .end:
      throw JSONError(.unexpectedEnd, at: token.start)
    }
  }

  private static func text(of token: JSONToken, _ tokenizer: JSONTokenizer) -> String {
    let raw = tokenizer.bytes(of: token)
    return token.hasEscapes ? JSONUnescape.string(raw) : String(raw)
  }
}
