public import JSON
import Platform

/// Why a tool cannot work with its arguments, in words that a model can act on.
public struct MCPArgumentError: Error, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// The arguments of a call, held against what the tool takes.
public struct MCPArguments: Sendable {
  private let values: [String: JSONValue]

  /// Unknown names and values of another kind are refused. A number in a string counts as the number it is, and a number
  /// where a text is wanted as its digits: models write both.
  public init(_ arguments: JSONValue?, for tool: MCPTool) throws(MCPArgumentError) {
    var values: [String: JSONValue] = [:]
    if let arguments, !arguments.isNull {
      guard let members = arguments.members else { throw MCPArgumentError("arguments must be an object") }
      for member in members {
        guard let parameter = tool.parameters.first(where: { $0.name == member.key }) else {
          throw MCPArguments.unknown(member.key, tool)
        }
        guard !member.value.isNull else { continue }
        values[member.key] = try MCPArguments.checked(member.value, parameter)
      }
    }
    for parameter in tool.parameters where parameter.isRequired && values[parameter.name] == nil {
      throw MCPArgumentError("\(parameter.name) is missing")
    }
    self.values = values
  }

  /// A text; nil when it is not given or blank.
  public func text(_ name: String) -> String? {
    values[name]?.string.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
  }

  public func whole(_ name: String) -> Int? { values[name]?.int64.map { Int(clamping: $0) } }

  public func document(_ name: String) -> JSONValue? { values[name] }

  private static func checked(_ value: JSONValue, _ parameter: MCPParameter) throws(MCPArgumentError) -> JSONValue {
    switch parameter.kind {
    case .text:
      if value.string != nil { return value }
      if let digits = value.numberText { return JSONValue(.string(digits)) }
      throw MCPArgumentError("\(parameter.name) must be a string, not \(value.kindName)")
    case .whole(let range):
      let number = value.string.map { JSONValue(.number($0)) } ?? value
      guard let whole = number.int64, range.contains(Int(clamping: whole)) else {
        let bound =
          range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
        throw MCPArgumentError("\(parameter.name) must be a whole number, \(bound)")
      }
      return JSONValue(.number(String(whole)))
    case .document:
      // Some models put the document into a string.
      if let text = value.string, let inner = try? JSONDocument.parse(text) { return try checked(inner, parameter) }
      guard value.members != nil || value.elements != nil else {
        throw MCPArgumentError("\(parameter.name) must be an object or an array, not \(value.kindName)")
      }
      return value
    }
  }

  private static func unknown(_ name: String, _ tool: MCPTool) -> MCPArgumentError {
    let names = tool.parameters.map(\.name)
    let shown = name.prefix(40).filter { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
    if let near = NearestName.of(name, in: names) {
      return MCPArgumentError("unknown argument \(shown); did you mean \(near)?")
    }
    return MCPArgumentError("unknown argument \(shown); there are \(names.joined(separator: ", "))")
  }
}
