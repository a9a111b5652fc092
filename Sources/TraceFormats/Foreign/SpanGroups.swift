import OTLP
import Platform

/// Spans on their way to OTLP, put together by what produced them: few ResourceSpans instead of one for each span.
struct SpanGroups: ~Copyable {
  /// What tells the groups apart, as bytes of the text that is read, which must stay while a group is there.
  struct Key: Hashable {
    /// The resource as the text has it.
    var resource = ByteView.empty
    var scope = ByteView.empty
    var version = ByteView.empty
  }

  /// `@unchecked Sendable` is not needed: a group never leaves its owner.
  private final class Group {
    let key: Key
    /// The content of the Resource and of the InstrumentationScope.
    var resource = ByteBuffer(capacity: 64)
    var scope = ByteBuffer(capacity: 16)
    /// Spans, each with its tag.
    var spans = ByteBuffer(capacity: 2048)

    init(_ key: Key) { self.key = key }
  }

  private var groups: [Group] = []
  private var index: [Key: Int] = [:]
  private var last = -1
  /// Bytes of spans that wait.
  private(set) var size = 0
  private(set) var spans = 0

  var isEmpty: Bool { groups.isEmpty }

  /// Adds a span, given as the content of a Span message. `header` writes the group's Resource and its
  /// InstrumentationScope, when there is no such group yet.
  mutating func add(
    _ span: ByteView, _ key: Key,
    header: (_ resource: inout ByteBuffer, _ scope: inout ByteBuffer) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    if last < 0 || groups[last].key != key {
      if let known = index[key] {
        last = known
      } else {
        let group = Group(key)
        try header(&group.resource, &group.scope)
        last = groups.count
        index[key] = last
        groups.append(group)
      }
    }
    groups[last].spans.appendField(2, bytes: span)
    size += span.count
    spans += 1
  }

  /// Appends everything as the fields of a TracesData, and forgets it.
  mutating func flush(into out: inout ByteBuffer) {
    for group in groups {
      let scope = 1 + varintSize(UInt64(group.scope.count)) + group.scope.count + group.spans.count
      let resource = 1 + varintSize(UInt64(group.resource.count)) + group.resource.count
      out.appendTag(1, .lengthDelimited)
      out.appendVarint(UInt64(resource + 1 + varintSize(UInt64(scope)) + scope))
      out.appendField(1, bytes: group.resource.view)
      out.appendTag(2, .lengthDelimited)
      out.appendVarint(UInt64(scope))
      out.appendField(1, bytes: group.scope.view)
      out.append(group.spans.view)
    }
    removeAll()
  }

  mutating func removeAll() {
    groups.removeAll(keepingCapacity: true)
    index.removeAll(keepingCapacity: true)
    last = -1
    size = 0
    spans = 0
  }
}
