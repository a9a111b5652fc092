import Platform

/// opentelemetry/proto/metrics/v1/metrics.proto.
enum MetricSchema {
  static let resourceMetrics = CommonSchema.resourceElement(
    "scopeMetrics", before: "instrumentationLibraryMetrics", CommonSchema.scopeElement("metrics", .messages(metric)))

  static let metric = MessageSchema(
    lengthWidth: 2,
    [
      FieldSchema("name", 1, .string),
      FieldSchema("description", 2, .string),
      FieldSchema("unit", 3, .string),
      FieldSchema("gauge", 5, .message(gauge)),
      FieldSchema("sum", 7, .message(sum)),
      FieldSchema("histogram", 9, .message(histogram)),
      FieldSchema("exponentialHistogram", 10, .message(exponentialHistogram)),
      FieldSchema("summary", 11, .message(summary)),
      FieldSchema("metadata", 12, .keyValues),
    ])

  static let gauge = MessageSchema(lengthWidth: 2, [FieldSchema("dataPoints", 1, .messages(numberDataPoint))])

  static let sum = MessageSchema(
    lengthWidth: 2,
    [
      FieldSchema("dataPoints", 1, .messages(numberDataPoint)),
      FieldSchema("aggregationTemporality", 2, .enumeration(AggregationTemporalityNames.self)),
      FieldSchema("isMonotonic", 3, .bool),
    ])

  static let histogram = MessageSchema(
    lengthWidth: 2,
    [
      FieldSchema("dataPoints", 1, .messages(histogramDataPoint)),
      FieldSchema("aggregationTemporality", 2, .enumeration(AggregationTemporalityNames.self)),
    ])

  static let exponentialHistogram = MessageSchema(
    lengthWidth: 2,
    [
      FieldSchema("dataPoints", 1, .messages(exponentialHistogramDataPoint)),
      FieldSchema("aggregationTemporality", 2, .enumeration(AggregationTemporalityNames.self)),
    ])

  static let summary = MessageSchema(lengthWidth: 2, [FieldSchema("dataPoints", 1, .messages(summaryDataPoint))])

  static let numberDataPoint = MessageSchema([
    FieldSchema("attributes", 7, .keyValues),
    FieldSchema("startTimeUnixNano", 2, .fixed64),
    FieldSchema("timeUnixNano", 3, .fixed64),
    FieldSchema("asDouble", 4, .double),
    FieldSchema("asInt", 6, .sfixed64),
    FieldSchema("exemplars", 5, .messages(exemplar)),
    FieldSchema("flags", 8, .uint32),
  ])

  static let histogramDataPoint = MessageSchema(
    lengthWidth: 2,
    [
      FieldSchema("attributes", 9, .keyValues),
      FieldSchema("startTimeUnixNano", 2, .fixed64),
      FieldSchema("timeUnixNano", 3, .fixed64),
      FieldSchema("count", 4, .fixed64),
      FieldSchema("sum", 5, .double),
      FieldSchema("bucketCounts", 6, .fixed64s),
      FieldSchema("explicitBounds", 7, .doubles),
      FieldSchema("exemplars", 8, .messages(exemplar)),
      FieldSchema("flags", 10, .uint32),
      FieldSchema("min", 11, .double),
      FieldSchema("max", 12, .double),
    ])

  static let exponentialHistogramDataPoint = MessageSchema(
    lengthWidth: 2,
    [
      FieldSchema("attributes", 1, .keyValues),
      FieldSchema("startTimeUnixNano", 2, .fixed64),
      FieldSchema("timeUnixNano", 3, .fixed64),
      FieldSchema("count", 4, .fixed64),
      FieldSchema("sum", 5, .double),
      FieldSchema("scale", 6, .sint32),
      FieldSchema("zeroCount", 7, .fixed64),
      FieldSchema("positive", 8, .message(buckets)),
      FieldSchema("negative", 9, .message(buckets)),
      FieldSchema("flags", 10, .uint32),
      FieldSchema("exemplars", 11, .messages(exemplar)),
      FieldSchema("min", 12, .double),
      FieldSchema("max", 13, .double),
      FieldSchema("zeroThreshold", 14, .double),
    ])

  static let buckets = MessageSchema([
    FieldSchema("offset", 1, .sint32),
    FieldSchema("bucketCounts", 2, .uint64s),
  ])

  static let summaryDataPoint = MessageSchema([
    FieldSchema("attributes", 7, .keyValues),
    FieldSchema("startTimeUnixNano", 2, .fixed64),
    FieldSchema("timeUnixNano", 3, .fixed64),
    FieldSchema("count", 4, .fixed64),
    FieldSchema("sum", 5, .double),
    FieldSchema("quantileValues", 6, .messages(valueAtQuantile)),
    FieldSchema("flags", 8, .uint32),
  ])

  static let valueAtQuantile = MessageSchema([
    FieldSchema("quantile", 1, .double),
    FieldSchema("value", 2, .double),
  ])

  static let exemplar = MessageSchema([
    FieldSchema("filteredAttributes", 7, .keyValues),
    FieldSchema("timeUnixNano", 2, .fixed64),
    FieldSchema("asDouble", 3, .double),
    FieldSchema("asInt", 6, .sfixed64),
    FieldSchema("spanId", 4, .identifier(bytes: 8)),
    FieldSchema("traceId", 5, .identifier(bytes: 16)),
  ])
}

enum AggregationTemporalityNames: EnumNames {
  static var what: String { "aggregation temporality" }

  static func value(of name: ByteView) -> Int32? {
    let names: [StaticString] = [
      "AGGREGATION_TEMPORALITY_UNSPECIFIED", "AGGREGATION_TEMPORALITY_DELTA", "AGGREGATION_TEMPORALITY_CUMULATIVE",
    ]
    return names.firstIndex { name.equals($0) }.map { Int32($0) }
  }
}
