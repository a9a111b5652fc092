/// opentelemetry/proto/trace/v1/trace.proto down to the spans, which are not read by table: that is where the time goes.
enum TraceSchema {
  static let resourceSpans = CommonSchema.resourceElement(
    "scopeSpans", before: "instrumentationLibrarySpans", CommonSchema.scopeElement("spans", .spans))
}
