/// The JSON Schema (draft 2020-12) of the document, as `schemas/correlate.schema.json` holds it too.
public enum CorrelateSchema {
  public static let text = main + definitions

  private static let main = #"""
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "ongrid correlate",
      "description": "Everything around one incident, as ongrid correlate prints it",
      "type": "object",
      "properties": {
        "version": {"const": 2},
        "incident": {
          "type": "object",
          "properties": {
            "id": {"type": ["string", "null"]},
            "title": {"type": ["string", "null"]},
            "rule_key": {"type": ["string", "null"]},
            "kind": {"type": ["string", "null"]},
            "severity": {"type": ["string", "null"]},
            "service": {"type": "string"},
            "operation": {"type": ["string", "null"]},
            "instance": {"type": ["string", "null"]},
            "first_fired_at": {"type": ["string", "null"]},
            "value": {"type": ["number", "null"]},
            "threshold": {"type": ["number", "null"]},
            "expression": {"type": ["string", "null"], "description": "PromQL"},
            "labels": {"$ref": "#/$defs/strings"},
            "annotations": {"$ref": "#/$defs/strings"}
          },
          "required": [
            "id", "title", "rule_key", "kind", "severity", "service", "operation", "instance", "first_fired_at", "value",
            "threshold", "expression", "labels", "annotations"
          ],
          "additionalProperties": false
        },
        "window": {
          "type": "object",
          "properties": {
            "start": {"$ref": "#/$defs/time"},
            "end": {"$ref": "#/$defs/time"},
            "baseline_start": {"$ref": "#/$defs/time"},
            "baseline_end": {"$ref": "#/$defs/time"}
          },
          "required": ["start", "end", "baseline_start", "baseline_end"],
          "additionalProperties": false
        },
        "sources": {
          "type": "object",
          "additionalProperties": {"type": "string"},
          "description": "'answered', 'not asked', or what is missing and why"
        },
        "totals": {
          "type": ["object", "null"],
          "properties": {
            "start": {"$ref": "#/$defs/time"},
            "end": {"$ref": "#/$defs/time"},
            "before_start": {"$ref": "#/$defs/time"},
            "before_end": {"$ref": "#/$defs/time"},
            "rows": {"type": "array", "items": {"$ref": "#/$defs/total"}},
            "kinds_left_out": {"type": "integer", "minimum": 0}
          },
          "required": ["start", "end", "before_start", "before_end", "rows", "kinds_left_out"],
          "additionalProperties": false,
          "description": "Requests that entered the service, by kind; null where only samples of traces are known"
        },
        "graph": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "from": {"type": "string", "description": "Empty for requests from outside"},
              "to": {"type": "string"},
              "changed": {"type": "boolean"},
              "calls": {"type": "integer", "minimum": 0},
              "calls_before": {"type": "integer", "minimum": 0},
              "errors": {"type": "integer", "minimum": 0},
              "errors_before": {"type": "integer", "minimum": 0},
              "p50_ms": {"type": ["number", "null"]},
              "p50_before_ms": {"type": ["number", "null"]},
              "p95_ms": {"type": ["number", "null"]},
              "p95_before_ms": {"type": ["number", "null"]}
            },
            "required": [
              "from", "to", "changed", "calls", "calls_before", "errors", "errors_before", "p50_ms", "p50_before_ms",
              "p95_ms", "p95_before_ms"
            ],
            "additionalProperties": false
          },
          "description": "Calls between services, now and before; changed ones first"
        },
        "comparison": {
          "type": ["object", "null"],
          "properties": {
            "traces": {"type": "integer", "minimum": 0},
            "traces_before": {"type": "integer", "minimum": 0},
            "onset": {"type": ["string", "null"], "description": "When the trouble began"},
            "onset_earliest": {"type": ["string", "null"]},
            "onset_latest": {"type": ["string", "null"]},
            "over_at": {"type": ["string", "null"], "description": "When it was over, within the window"},
            "reason": {"type": ["string", "null"], "description": "Why nobody is named"}
          },
          "required": ["traces", "traces_before", "onset", "onset_earliest", "onset_latest", "over_at", "reason"],
          "additionalProperties": false,
          "description": "All traces through the service, compared by place; null when they are not known"
        },
        "suspects": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "kind": {"enum": ["attribute", "operation", "dependency", "critical_path", "change"]},
              "service": {"type": "string"},
              "attribute": {"type": ["string", "null"]},
              "value": {"type": ["string", "null"]},
              "span": {"type": ["string", "null"]},
              "dependency": {"type": ["string", "null"], "description": "Where the trouble begins"},
              "bad": {"anyOf": [{"$ref": "#/$defs/share"}, {"type": "null"}]},
              "rest": {"anyOf": [{"$ref": "#/$defs/share"}, {"type": "null"}]},
              "lift": {
                "type": ["number", "null"],
                "description": "How many times more frequent among failing or slow traces"
              },
              "baseline_ms": {"type": ["number", "null"]},
              "now_ms": {"type": ["number", "null"]},
              "also": {"type": "array", "items": {"type": "string"}},
              "confidence": {"type": ["number", "null"], "description": "Between 0 and 1"},
              "findings": {
                "type": "array",
                "items": {
                  "type": "object",
                  "properties": {
                    "kind": {"enum": ["time", "calls", "errors", "logs", "resources"]},
                    "service": {"type": "string"},
                    "strength": {"type": ["number", "null"]},
                    "before": {"type": ["number", "null"]},
                    "now": {"type": ["number", "null"]},
                    "text": {"type": "string"},
                    "source": {"type": "string"},
                    "query": {"type": "string", "description": "What shows it"},
                    "url": {"type": "string"}
                  },
                  "required": ["kind", "service", "strength", "before", "now", "text", "source", "query"],
                  "additionalProperties": false
                },
                "description": "Places that changed, most telling first"
              },
              "text": {"type": "string"}
            },
            "required": [
              "kind",
              "service",
              "attribute",
              "value",
              "span",
              "dependency",
              "bad",
              "rest",
              "lift",
              "baseline_ms",
              "now_ms",
              "also",
              "confidence",
              "findings",
              "text"
            ],
            "additionalProperties": false
          },
          "description": "Most telling first; empty in a quiet window"
        },
        "metric_panel": {
          "type": "object",
          "properties": {
            "series": {
              "type": "array",
              "items": {
                "type": "object",
                "properties": {
                  "name": {"type": "string"},
                  "unit": {"type": "string"},
                  "labels": {"$ref": "#/$defs/strings"},
                  "mean": {"type": ["number", "null"]},
                  "baseline_mean": {"type": ["number", "null"]},
                  "change": {"type": ["number", "null"], "description": "mean divided by baseline_mean"},
                  "max": {"type": ["number", "null"]},
                  "max_at": {"type": ["string", "null"]},
                  "last": {"type": ["number", "null"]},
                  "points": {"type": "array", "items": {"$ref": "#/$defs/point"}},
                  "baseline_points": {"type": "array", "items": {"$ref": "#/$defs/point"}}
                },
                "required": [
                  "name",
                  "unit",
                  "labels",
                  "mean",
                  "baseline_mean",
                  "change",
                  "max",
                  "max_at",
                  "last",
                  "points",
                  "baseline_points"
                ],
                "additionalProperties": false
              }
            },
            "exemplars": {
              "type": "array",
              "items": {
                "type": "object",
                "properties": {
                  "trace_id": {"$ref": "#/$defs/trace_id"},
                  "time": {"$ref": "#/$defs/time"},
                  "value": {"type": ["number", "null"]}
                },
                "required": ["trace_id", "time", "value"],
                "additionalProperties": false
              }
            }
          },
          "required": ["series", "exemplars"],
          "additionalProperties": false
        },
        "trace_panel": {
          "type": "object",
          "properties": {
            "errors": {"type": "array", "items": {"$ref": "#/$defs/row"}},
            "slowest": {"type": "array", "items": {"$ref": "#/$defs/row"}},
            "traces": {
              "type": "array",
              "items": {
                "type": "object",
                "properties": {
                  "trace_id": {"$ref": "#/$defs/trace_id"},
                  "start": {"$ref": "#/$defs/time"},
                  "duration_ms": {"type": ["number", "null"]},
                  "span_count": {"type": "integer", "minimum": 0},
                  "spans": {
                    "type": "array",
                    "items": {"anyOf": [{"$ref": "#/$defs/span"}, {"$ref": "#/$defs/fold"}]}
                  }
                },
                "required": ["trace_id", "start", "duration_ms", "span_count", "spans"],
                "additionalProperties": false
              }
            }
          },
          "required": ["errors", "slowest", "traces"],
          "additionalProperties": false
        },
        "log_panel": {
          "type": "object",
          "properties": {
            "lines": {
              "type": "array",
              "items": {
                "type": "object",
                "properties": {
                  "time": {"$ref": "#/$defs/time"},
                  "level": {"type": "string"},
                  "line": {"type": "string"},
                  "count": {"type": "integer", "minimum": 1, "description": "Lines that differ only in numbers and ids"},
                  "trace_id": {"anyOf": [{"$ref": "#/$defs/trace_id"}, {"type": "null"}]},
                  "span_id": {"anyOf": [{"$ref": "#/$defs/span_id"}, {"type": "null"}]}
                },
                "required": ["time", "level", "line", "count", "trace_id", "span_id"],
                "additionalProperties": false
              },
              "description": "Error-like lines, the newest of each kind, newest first"
            },
            "levels": {
              "type": "array",
              "items": {
                "type": "object",
                "properties": {
                  "level": {"type": "string"},
                  "total": {"type": ["number", "null"]},
                  "points": {"type": "array", "items": {"$ref": "#/$defs/point"}}
                },
                "required": ["level", "total", "points"],
                "additionalProperties": false
              }
            }
          },
          "required": ["lines", "levels"],
          "additionalProperties": false
        },
        "links": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "trace_id": {"$ref": "#/$defs/trace_id"},
              "log_lines": {
                "type": "array",
                "items": {"type": "integer", "minimum": 0},
                "description": "Positions in log_panel.lines"
              },
              "exemplars": {
                "type": "array",
                "items": {"type": "integer", "minimum": 0},
                "description": "Positions in metric_panel.exemplars"
              },
              "trace_lists": {"type": "array", "items": {"enum": ["errors", "slowest", "traces"]}},
              "span": {"type": ["string", "null"]}
            },
            "required": ["trace_id", "log_lines", "exemplars", "trace_lists", "span"],
            "additionalProperties": false
          },
          "description": "Traces that several panels know"
        },
        "timeline": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "time": {"$ref": "#/$defs/time"},
              "kind": {"enum": ["incident", "metric", "log", "trace"]},
              "text": {"type": "string"}
            },
            "required": ["time", "kind", "text"],
            "additionalProperties": false
          }
        },
        "skipped": {
          "type": "object",
          "additionalProperties": {"type": "string"},
          "description": "Source to reason"
        },
        "truncated": {
          "type": "object",
          "additionalProperties": {"type": "integer", "minimum": 0},
          "description": "Panel to how many parts were dropped"
        },
        "timing": {
          "type": "object",
          "additionalProperties": {"type": "integer", "minimum": 0},
          "description": "Milliseconds by source, of the questions about the services in the traces (witnesses), and in total"
        },
        "queries": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "source": {"enum": ["prometheus", "loki", "tempo", "jaeger", "zipkin", "files"]},
              "name": {"type": "string"},
              "path": {"type": "string"},
              "query": {"type": "string"},
              "start": {"type": ["string", "null"]},
              "end": {"type": ["string", "null"]},
              "step_s": {"type": ["number", "null"]},
              "url": {"type": "string"}
            },
            "required": ["source", "name", "path", "query", "start", "end", "step_s"],
            "additionalProperties": false
          },
          "description": "Every query that was sent"
        }
      },
      "required": [
        "version",
        "incident",
        "window",
        "sources",
        "comparison",
        "totals",
        "suspects",
        "graph",
        "metric_panel",
        "trace_panel",
        "log_panel",
        "links",
        "timeline",
        "skipped",
        "truncated",
        "timing",
        "queries"
      ],
      "additionalProperties": false,

    """#
}
