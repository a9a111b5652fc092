import Platform

/// A message type of OTLP as a table: what its members are called in JSON, and what they are in protobuf.
///
/// The tables follow the definitions of opentelemetry-proto field by field, in the order in which writers write them. A
/// field that is not in its table is unknown: it is skipped where JSON is read, and not written.
///
/// Invariant: a schema is made once for each message type, as a static constant, and its table is never freed, so that
/// copies of it cost nothing: this stands in the way of every member that is read.
///
/// `@unchecked Sendable`: nobody writes to a table once it is made.
struct MessageSchema: @unchecked Sendable {
  let fields: UnsafeBufferPointer<FieldSchema>
  /// How many bytes the length of such a message most likely takes; a wrong guess costs a move of the message.
  let lengthWidth: Int
  /// Whether such messages hold other telemetry, so that a member which is not known may be telemetry not understood.
  let isContainer: Bool

  init(lengthWidth: Int = 1, isContainer: Bool = false, _ fields: [FieldSchema]) {
    let table = UnsafeMutableBufferPointer<FieldSchema>.allocate(capacity: fields.count)
    _ = table.initialize(from: fields)
    self.fields = UnsafeBufferPointer(table)
    self.lengthWidth = lengthWidth
    self.isContainer = isContainer
  }

  /// Where the member `name` stands in `fields`; `nil` when it is unknown.
  ///
  /// - Parameter start: where to look first. Behind the member before it, the next is found at once: members come in the
  ///   order of the table, but for those that are left out.
  @inline(__always)
  func index(of name: ByteView, from start: Int) -> Int? {
    var index = start
    for _ in 0..<fields.count {
      if index == fields.count { index = 0 }
      if name.equals(fields[index].name) { return index }
      index &+= 1
    }
    return nil
  }
}

/// One field of a message.
struct FieldSchema: Sendable {
  /// What a field holds, as the protobuf type it has, and how JSON writes it where that does not follow from the type.
  enum Kind: Sendable {
    case string, bool, double, uint32, sint32, fixed32, fixed64, sfixed64
    /// An id of so many bytes, which JSON writes in hex.
    case identifier(bytes: Int)
    /// An enum, which JSON writes as a number.
    case enumeration(any EnumNames.Type)
    case anyValue
    /// A repeated KeyValue.
    case keyValues
    case message(MessageSchema)
    /// Repeated.
    case messages(MessageSchema)
    /// Repeated; numbers are packed.
    case strings, fixed64s, uint64s, doubles
    /// A repeated Span, which has a transcoder of its own.
    case spans
  }

  let name: StaticString
  let number: Int
  let kind: Kind
  /// Whether this is a name of earlier versions: read as the field `number`, never written.
  let isOldName: Bool

  init(_ name: StaticString, _ number: Int, _ kind: Kind, isOldName: Bool = false) {
    self.name = name
    self.number = number
    self.kind = kind
    self.isOldName = isOldName
  }
}
