import JSON

/// As much of JSON Schema as the shipped schema uses.
struct JSONSchemaCheck {
  let schema: JSONValue

  /// What is wrong with `value`, as paths and reasons; empty when it is valid. An unknown keyword is reported too, so that
  /// the schema cannot outgrow this check unnoticed.
  func problems(_ value: JSONValue) -> [String] {
    check(value, schema, "$")
  }

  private func check(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
    var problems: [String] = []
    for member in schema.members ?? [] {
      let rule = member.value
      switch member.key {
      case "$schema", "$defs", "title", "description": break
      case "$ref":
        let name = String((rule.string ?? "").dropFirst("#/$defs/".count))
        guard let target = self.schema["$defs"]?[name] else {
          problems.append("\(path): no definition \(name)")
          continue
        }
        problems += check(value, target, path)
      case "type":
        let names = rule.string.map { [$0] } ?? rule.elements?.compactMap(\.string) ?? []
        if !names.contains(where: { matches(value, $0) }) {
          problems.append("\(path): not \(names), but \(value.kindName)")
        }
      case "const":
        if value.content != rule.content { problems.append("\(path): not the constant") }
      case "enum":
        if !(rule.elements ?? []).contains(where: { $0.content == value.content }) {
          problems.append("\(path): \(value.string ?? "") is not in the enumeration")
        }
      case "anyOf":
        if !(rule.elements ?? []).contains(where: { check(value, $0, path).isEmpty }) {
          problems.append("\(path): no alternative fits")
        }
      case "pattern":
        if let text = value.string, let pattern = rule.string, (try? Regex(pattern).wholeMatch(in: text)) == nil {
          problems.append("\(path): \"\(text)\" does not match \(pattern)")
        }
      case "minimum":
        if let number = value.double, let least = rule.double, number < least { problems.append("\(path): too small") }
      case "minItems":
        if let count = value.elements?.count, count < Int(rule.int64 ?? 0) { problems.append("\(path): too few") }
      case "maxItems":
        if let count = value.elements?.count, count > Int(rule.int64 ?? 0) { problems.append("\(path): too many") }
      case "items":
        for (index, element) in (value.elements ?? []).enumerated() {
          problems += check(element, rule, "\(path)[\(index)]")
        }
      case "required":
        guard value.members != nil else { continue }
        for name in (rule.elements ?? []).compactMap(\.string) where value[name] == nil {
          problems.append("\(path): no \(name)")
        }
      case "properties":
        for property in rule.members ?? [] {
          if let inner = value[property.key] { problems += check(inner, property.value, "\(path).\(property.key)") }
        }
      case "additionalProperties":
        let known = Set((schema["properties"]?.members ?? []).map(\.key))
        for other in value.members ?? [] where !known.contains(other.key) {
          if rule.bool == false {
            problems.append("\(path): unexpected \(other.key)")
          } else if rule.bool == nil {
            problems += check(other.value, rule, "\(path).\(other.key)")
          }
        }
      default: problems.append("\(path): the check does not know \(member.key)")
      }
    }
    return problems
  }

  private func matches(_ value: JSONValue, _ type: String) -> Bool {
    switch (type, value.content) {
    case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("null", .null),
      ("number", .number):
      true
    case ("integer", .number): value.int64 != nil
    default: false
    }
  }
}
