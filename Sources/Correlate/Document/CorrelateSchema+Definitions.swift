extension CorrelateSchema {
  /// What the schema says once and uses often.
  static let definitions = #"""
      "$defs": {
        "time": {
          "type": "string",
          "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$",
          "description": "RFC 3339 in UTC"
        },
        "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "span_id": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "strings": {"type": "object", "additionalProperties": {"type": "string"}},
        "point": {
          "type": "array",
          "items": {"type": ["number", "null"]},
          "minItems": 2,
          "maxItems": 2,
          "description": "Unix seconds and value"
        },
        "total": {
          "type": "object",
          "properties": {
            "name": {"type": ["string", "null"], "description": "The kind of request; null for all together"},
            "calls": {"type": "integer", "minimum": 0},
            "calls_before": {"type": "integer", "minimum": 0},
            "per_minute": {"type": ["number", "null"]},
            "per_minute_before": {"type": ["number", "null"]},
            "errors": {"type": "integer", "minimum": 0},
            "errors_before": {"type": "integer", "minimum": 0},
            "p50_ms": {"type": ["number", "null"]},
            "p50_before_ms": {"type": ["number", "null"]},
            "p95_ms": {"type": ["number", "null"]},
            "p95_before_ms": {"type": ["number", "null"]}
          },
          "required": [
            "name", "calls", "calls_before", "per_minute", "per_minute_before", "errors", "errors_before", "p50_ms",
            "p50_before_ms", "p95_ms", "p95_before_ms"
          ],
          "additionalProperties": false
        },
        "fold": {
          "type": "object",
          "properties": {
            "folded": {"type": "integer", "minimum": 1, "description": "Spans that are as always"},
            "depth": {"type": "integer", "minimum": 0},
            "longest_ms": {"type": ["number", "null"]},
            "errors": {"type": "integer", "minimum": 0}
          },
          "required": ["folded", "depth", "longest_ms", "errors"],
          "additionalProperties": false
        },
        "share": {
          "type": "object",
          "properties": {"count": {"type": "integer", "minimum": 0}, "total": {"type": "integer", "minimum": 0}},
          "required": ["count", "total"],
          "additionalProperties": false
        },
        "row": {
          "type": "object",
          "properties": {
            "trace_id": {"$ref": "#/$defs/trace_id"},
            "root_service": {"type": "string"},
            "root_name": {"type": "string"},
            "start": {"$ref": "#/$defs/time"},
            "duration_ms": {"type": ["number", "null"]},
            "span": {
              "type": ["string", "null"],
              "description": "Failing or slowest span, as 'service name'"
            },
            "message": {"type": ["string", "null"]}
          },
          "required": ["trace_id", "root_service", "root_name", "start", "duration_ms", "span", "message"],
          "additionalProperties": false
        },
        "span": {
          "type": "object",
          "properties": {
            "span_id": {"$ref": "#/$defs/span_id"},
            "parent_id": {"type": ["string", "null"]},
            "service": {"type": "string"},
            "name": {"type": "string"},
            "kind": {"enum": ["unspecified", "internal", "server", "client", "producer", "consumer"]},
            "offset_ms": {"type": ["number", "null"], "description": "Since the start of the trace"},
            "depth": {"type": "integer", "minimum": 0},
            "duration_ms": {"type": ["number", "null"]},
            "usual_ms": {"type": ["number", "null"], "description": "Median of this place in traces without trouble"},
            "changed": {"type": "boolean", "description": "It took clearly longer than usual"},
            "count": {"type": "integer", "minimum": 2, "description": "Spans alike that this row stands for"},
            "error": {"type": "boolean"},
            "critical_ms": {
              "type": ["number", "null"],
              "description": "Own time on the critical path; null beside it"
            },
            "message": {"type": "string"},
            "attributes": {"$ref": "#/$defs/strings"}
          },
          "required": [
            "span_id",
            "parent_id",
            "service",
            "name",
            "kind",
            "offset_ms",
            "depth",
            "duration_ms",
            "usual_ms",
            "changed",
            "error",
            "critical_ms"
          ],
          "additionalProperties": false
        }
      }
    }

    """#
}
