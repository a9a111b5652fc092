import OTLP
import Platform
import TraceQL

/// Attributes of a store that keeps all values as text, as VictoriaTraces does: a text that reads as the number or boolean
/// that the query asks for becomes one, since types must agree in TraceQL and nothing would be found.
struct TextAttributes {
  private enum Use { case number, boolean, text }

  /// How the query uses attributes, by their names.
  private var uses: [[UInt8]: Set<Use>] = [:]

  init(_ query: Query) {
    switch query.body {
    case .search(let pipeline): add(pipeline)
    case .metrics(let expression): add(expression)
    }
  }

  /// The traces of `otlp` (TracesData) with these attributes as the query uses them; unchanged when any attribute of a span
  /// shows that the store has types.
  func typed(_ otlp: [UInt8], _ client: BackendClient) throws(BackendError) -> [UInt8] {
    guard uses.values.contains(where: { !$0.contains(.text) }) else { return otlp }
    do throws(WireError) {
      return try otlp.withByteView { view throws(WireError) in
        guard try !TextAttributes.hasTypes(view, at: TextAttributes.path[...]) else { return otlp }
        var out = ByteBuffer(capacity: view.count + view.count / 8)
        try rewrite(view, at: TextAttributes.path[...], into: &out)
        return Array(out.view)
      }
    } catch {
      throw client.unexpected(error.description)
    }
  }

  // MARK: The query

  private mutating func note(_ attribute: Attribute, _ use: Use) {
    if case .named(_, let name) = attribute { uses[Array(name.utf8), default: []].insert(use) }
  }

  private mutating func add(_ pipeline: SpansetPipeline) {
    for stage in pipeline.stages {
      switch stage {
      case .spanset(let expression): add(expression)
      case .scalar(let filter):
        if case .attribute(let attribute, _)? = filter.aggregate.expression { note(attribute, .number) }
        if let expression = filter.aggregate.expression { add(expression) }
      case .group(let expression): add(expression)
      default: break
      }
    }
  }

  private mutating func add(_ expression: SpansetExpression) {
    switch expression {
    case .filter(let field): add(field)
    case .operation(_, let left, let right, _):
      add(left)
      add(right)
    case .pipeline(let pipeline): add(pipeline)
    }
  }

  private mutating func add(_ expression: FieldExpression) {
    switch expression {
    case .binary(_, let left, let right, _):
      for (one, other) in [(left, right), (right, left)] {
        guard case .attribute(let attribute, _) = one, case .literal(let literal, _) = other else { continue }
        switch literal {
        case .int, .float: note(attribute, .number)
        case .bool: note(attribute, .boolean)
        default: note(attribute, .text)
        }
      }
      add(left)
      add(right)
    case .unary(_, let operand, _): add(operand)
    default: break
    }
  }

  private mutating func add(_ expression: MetricsExpression) {
    switch expression {
    case .pipeline(let metrics):
      add(metrics.pipeline)
      switch metrics.function {
      case .minOverTime(let attribute), .maxOverTime(let attribute), .sumOverTime(let attribute),
        .avgOverTime(let attribute), .quantileOverTime(let attribute, _), .histogramOverTime(let attribute):
        note(attribute, .number)
      case .compare(let filter, _, _): add(filter)
      default: break
      }
    case .second(_, let operand), .scalar(_, _, let operand, _): add(operand)
    case .binary(_, let left, let right):
      add(left)
      add(right)
    }
  }

  // MARK: The traces

  /// Fields that lead to an attribute of a span: resource_spans, scope_spans, spans, attributes.
  private static let path = [1, 2, 2, 9]

  /// Whether any attribute of a span is something else than text.
  private static func hasTypes(_ message: ByteView, at path: ArraySlice<Int>) throws(WireError) -> Bool {
    guard let field = path.first else {
      guard let value = try attribute(message).value else { return false }
      var cursor = WireCursor(value)
      while let tag = try cursor.nextTag() {
        if tag.field != 1 { return true }
        try cursor.skip(tag)
      }
      return false
    }
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      if tag == WireTag(field: field, .lengthDelimited) {
        if try hasTypes(cursor.bytes(), at: path.dropFirst()) { return true }
      } else {
        try cursor.skip(tag)
      }
    }
    return false
  }

  private func rewrite(_ message: ByteView, at path: ArraySlice<Int>, into out: inout ByteBuffer) throws(WireError) {
    guard let field = path.first else { return try rewrite(attribute: message, into: &out) }
    var cursor = WireCursor(message)
    while true {
      let start = cursor.position
      guard let tag = try cursor.nextTag() else { return }
      if tag == WireTag(field: field, .lengthDelimited) {
        let content = try cursor.bytes()
        try out.appendField(field, reserving: 3) { (out) throws(WireError) in
          try rewrite(content, at: path.dropFirst(), into: &out)
        }
      } else {
        try cursor.skip(tag)
        out.append(ByteView(start: start, end: cursor.position))
      }
    }
  }

  private func rewrite(attribute message: ByteView, into out: inout ByteBuffer) throws(WireError) {
    let (key, value) = try TextAttributes.attribute(message)
    guard let key, let value, let use = uses[[UInt8](key)], !use.contains(.text),
      let text = try TextAttributes.text(value)
    else { return out.append(message) }
    let number = use.contains(.number) ? TextAttributes.number(text) : nil
    let flag = use.contains(.boolean) ? Bool(text) : nil
    guard number != nil || flag != nil else { return out.append(message) }
    out.appendField(1, bytes: key)
    out.appendField(2) { out in
      if let flag { return out.appendField(2, varint: flag ? 1 : 0) }
      guard let number else { return }
      if let whole = Int64(exactly: number), Int64(text) == whole {
        out.appendField(3, varint: UInt64(bitPattern: whole))
      } else {
        out.appendField(4, double: number)
      }
    }
  }

  /// A decimal number, without the words and forms that `Double` reads too.
  private static func number(_ text: String) -> Double? {
    guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }) else { return nil }
    return Double(text).flatMap { $0.isFinite ? $0 : nil }
  }

  private static func attribute(_ message: ByteView) throws(WireError) -> (key: ByteView?, value: ByteView?) {
    var key: ByteView?
    var value: ByteView?
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      switch tag {
      case WireTag(field: 1, .lengthDelimited): key = try cursor.bytes()
      case WireTag(field: 2, .lengthDelimited): value = try cursor.bytes()
      default: try cursor.skip(tag)
      }
    }
    return (key, value)
  }

  private static func text(_ value: ByteView) throws(WireError) -> String? {
    var cursor = WireCursor(value)
    while let tag = try cursor.nextTag() {
      if tag == WireTag(field: 1, .lengthDelimited) { return String(try cursor.bytes()) }
      try cursor.skip(tag)
    }
    return nil
  }
}
