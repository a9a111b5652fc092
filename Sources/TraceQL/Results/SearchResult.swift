public import JSON

/// A span of a search result.
public struct SpanResult: Sendable {
  /// 16 hexadecimal digits.
  public var spanID: String
  public var name: String
  /// Empty where that is not known: no store says it.
  public var service = ""
  /// ns since 1970.
  public var startTimeUnixNano: UInt64
  /// ns.
  public var duration: Int
  /// What the query looked at and what it selected, by the attribute's name without scope.
  public var attributes: [(name: String, value: ResultValue)]
}

/// A spanset of a search result.
public struct SpansetResult: Sendable {
  /// How many spans it has; `spans` may hold fewer.
  public var matched: Int
  /// What grouping and aggregating said of it.
  public var attributes: [(name: String, value: ResultValue)]
  public var spans: [SpanResult]
}

/// How many spans of a trace a service has.
public struct ServiceResult: Sendable {
  public var name: String
  public var spanCount: Int
  public var errorCount: Int
}

/// A trace of a search result.
public struct TraceResult: Sendable {
  /// 32 hexadecimal digits.
  public var traceID: String
  public var rootServiceName: String
  public var rootTraceName: String
  /// ns since 1970.
  public var startTimeUnixNano: UInt64
  /// From the first start to the last end, in ns.
  public var duration: Int
  public var spanCount: Int
  public var errorCount: Int
  public var services: [ServiceResult]
  public var spansets: [SpansetResult]
  /// All spans of the trace as one OTLP request in protobuf; empty unless asked for.
  public var otlp: [UInt8] = []
}

/// What a search found.
public struct SearchResult: Sendable {
  /// The traces, the latest first.
  public var traces: [TraceResult]
  /// How many bytes of trace data were looked at.
  public var inspectedBytes: Int
  /// Bad records passed over.
  public var skipped: Int

  /// Writes the body that Tempo answers a search with.
  public func write(to json: inout JSONWriter) {
    json.beginObject()
    json.key("traces")
    json.beginArray()
    for trace in traces { trace.write(to: &json) }
    json.endArray()
    json.key("metrics")
    json.beginObject()
    json.key("inspectedBytes")
    json.string(String(inspectedBytes))
    json.key("completedJobs")
    json.int(1)
    json.key("totalJobs")
    json.int(1)
    json.endObject()
    json.endObject()
  }
}

extension TraceResult {
  /// Writes it as an element of Tempo's `traces`.
  public func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("traceID", traceID)
    json.field("rootServiceName", rootServiceName)
    if !rootTraceName.isEmpty { json.field("rootTraceName", rootTraceName) }
    json.field("startTimeUnixNano", String(startTimeUnixNano))
    json.key("durationMs")
    json.int(duration / 1_000_000)
    // The first spanset stands alone as well: that was the only field once, and Grafana still reads it.
    if let first = spansets.first {
      json.key("spanSet")
      first.write(to: &json)
    }
    json.key("spanSets")
    json.beginArray()
    for spanset in spansets { spanset.write(to: &json) }
    json.endArray()
    json.key("serviceStats")
    json.beginObject()
    for service in services {
      json.key(service.name)
      json.beginObject()
      json.key("spanCount")
      json.int(service.spanCount)
      if service.errorCount > 0 {
        json.key("errorCount")
        json.int(service.errorCount)
      }
      json.endObject()
    }
    json.endObject()
    json.endObject()
  }
}

extension SpansetResult {
  fileprivate func write(to json: inout JSONWriter) {
    json.beginObject()
    json.key("spans")
    json.beginArray()
    for span in spans {
      json.beginObject()
      json.field("spanID", span.spanID)
      json.field("name", span.name)
      json.field("startTimeUnixNano", String(span.startTimeUnixNano))
      json.field("durationNanos", String(span.duration))
      json.attributes(span.attributes)
      json.endObject()
    }
    json.endArray()
    json.key("matched")
    json.int(matched)
    json.attributes(attributes)
    json.endObject()
  }
}

extension JSONWriter {
  /// A key with a text.
  mutating func field(_ name: String, _ value: String) {
    key(name)
    string(value)
  }

  /// `"attributes": [{"key": …, "value": …}]`, left out when there are none.
  fileprivate mutating func attributes(_ attributes: [(name: String, value: ResultValue)]) {
    guard !attributes.isEmpty else { return }
    key("attributes")
    beginArray()
    for attribute in attributes {
      beginObject()
      field("key", attribute.name)
      key("value")
      attribute.value.write(to: &self)
      endObject()
    }
    endArray()
  }
}
