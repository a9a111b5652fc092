import JSON

/// Something that a client's model may call: its description and what it takes, from which the schema is written and by
/// which arguments are checked.
public struct MCPTool: Sendable {
  public let name: String
  public let description: String
  public let parameters: [MCPParameter]

  public init(_ name: String, _ description: String, _ parameters: [MCPParameter]) {
    self.name = name
    self.description = description
    self.parameters = parameters
  }

  func write(to json: inout JSONWriter) {
    json.beginObject()
    json.key("name")
    json.string(name)
    json.key("description")
    json.string(description)
    json.key("inputSchema")
    json.beginObject()
    json.key("type")
    json.string("object")
    json.key("properties")
    json.beginObject()
    for parameter in parameters {
      json.key(parameter.name)
      parameter.write(to: &json)
    }
    json.endObject()
    let required = parameters.filter(\.isRequired)
    if !required.isEmpty {
      json.key("required")
      json.beginArray()
      for parameter in required { json.string(parameter.name) }
      json.endArray()
    }
    json.key("additionalProperties")
    json.bool(false)
    json.endObject()
    json.key("annotations")
    json.beginObject()
    json.key("readOnlyHint")
    json.bool(true)
    json.endObject()
    json.endObject()
  }
}

/// One thing that a tool takes.
public struct MCPParameter: Sendable {
  public enum Kind: Sendable, Equatable {
    case text
    case whole(ClosedRange<Int>)
    /// An object, or an array of them.
    case document
  }

  public let name: String
  public let kind: Kind
  public let isRequired: Bool
  /// Empty where the name says it all.
  public let description: String

  public init(_ name: String, _ kind: Kind = .text, required: Bool = false, _ description: String = "") {
    self.name = name
    self.kind = kind
    isRequired = required
    self.description = description
  }

  /// A text that need not be given.
  public init(_ name: String, _ description: String) {
    self.init(name, .text, description)
  }

  fileprivate func write(to json: inout JSONWriter) {
    json.beginObject()
    json.key("type")
    switch kind {
    case .text: json.string("string")
    case .whole(let range):
      json.string("integer")
      json.key("minimum")
      json.int(range.lowerBound)
      if range.upperBound < .max {
        json.key("maximum")
        json.int(range.upperBound)
      }
    case .document:
      json.beginArray()
      json.string("object")
      json.string("array")
      json.endArray()
    }
    if !description.isEmpty {
      json.key("description")
      json.string(description)
    }
    json.endObject()
  }
}

/// What came of a call: a text for the model.
public struct MCPToolResult: Sendable {
  public var text: String
  /// Whether the text says why there is no answer.
  public var isError: Bool

  public init(_ text: String, isError: Bool = false) {
    self.text = text
    self.isError = isError
  }
}
