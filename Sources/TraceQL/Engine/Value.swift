import OTLP
import Platform

/// What an expression yields for one span.
///
/// Texts are views into the trace data or into the query's own memory, so that evaluating copies nothing and counts no
/// references; a value lives as long as what it was read from.
enum Value {
  /// Not read yet: the span's attributes or the rest of its trace would have to be looked at.
  case unknown
  /// The attribute is not there.
  case missing
  case bool(Bool)
  case int(Int)
  case float(Double)
  case string(ByteView)
  /// Nanoseconds.
  case duration(Int)
  case status(StatusCode)
  case kind(SpanKind)
  /// The encoded AnyValues of an array.
  case array(RepeatedField<AnyValueView>)
  /// Several values of one attribute, one for each event or link, missing where that has none: the memory of an array of
  /// `Value`, which may end before the last event or link.
  case several(ByteView)

  /// The value of an attribute; what cannot be read is missing, and so are maps and bytes, which the language has no
  /// values for.
  init(_ view: AnyValueView) {
    switch view {
    case .empty: self = .missing
    case .string(let text): self = .string(text)
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(Int(value))
    case .double(let value): self = .float(value)
    case .array(let elements): self = .array(elements)
    case .kvlist, .bytes: self = .missing
    }
  }

  /// As a number: durations in nanoseconds; nil for what is not a number, NaN included.
  var number: Double? {
    switch self {
    case .int(let value), .duration(let value): Double(value)
    case .float(let value): value.isNaN ? nil : value
    default: nil
    }
  }

  var isMissing: Bool {
    if case .missing = self { true } else { false }
  }

  var isUnknown: Bool {
    if case .unknown = self { true } else { false }
  }

  /// Whether a filter lets the span pass.
  var isTrue: Bool {
    if case .bool(true) = self { true } else { false }
  }

  /// The first of several values; the value itself otherwise.
  var first: Value {
    guard case .several = self else { return self }
    for index in 0..<elementCount where !element(index).isMissing { return element(index) }
    return .missing
  }

  /// How many of several values there are, those that are missing included.
  var elementCount: Int {
    guard case .several(let memory) = self else { return 0 }
    return memory.count / MemoryLayout<Value>.stride
  }

  /// One of several values.
  func element(_ index: Int) -> Value {
    guard case .several(let memory) = self, index < elementCount else { return .missing }
    return memory.start.load(fromByteOffset: index * MemoryLayout<Value>.stride, as: Value.self)
  }
}

extension StatusCode {
  /// From the wire; anything unknown is unset.
  init(wire code: UInt64) {
    self = code == 1 ? .ok : code == 2 ? .error : .unset
  }
}

extension SpanKind {
  /// From the wire; anything unknown is unspecified.
  init(wire code: UInt64) {
    switch code {
    case 1: self = .internal
    case 2: self = .server
    case 3: self = .client
    case 4: self = .producer
    case 5: self = .consumer
    default: self = .unspecified
    }
  }
}
