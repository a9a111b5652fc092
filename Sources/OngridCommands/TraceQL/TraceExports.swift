import JSON
import Platform
import Traces

/// Traces in the words of other programs.
enum TraceExports {
  /// Chrome's trace events, which Perfetto and `chrome://tracing` show: a process for each service, and as many threads of
  /// it as spans that run at the same time and do not enclose one another.
  static func perfetto(_ traces: [Trace]) -> JSONWriter {
    var json = JSONWriter()
    let base = traces.map(\.start).min() ?? 0
    var processes: [String: Int] = [:]
    var lanes: [String: [[Int64]]] = [:]
    json.beginObject()
    json.key("displayTimeUnit")
    json.string("ms")
    json.key("traceEvents")
    json.beginArray()
    for trace in traces {
      for span in trace.spans {
        let process = processes[span.service] ?? processes.count + 1
        if processes[span.service] == nil {
          processes[span.service] = process
          writeName(of: process, span.service, to: &json)
        }
        json.beginObject()
        write("name", span.name, to: &json)
        write("cat", span.isError ? "error" : "span", to: &json)
        write("ph", "X", to: &json)
        json.key("ts")
        json.double(Double(span.start &- base) / 1e3)
        json.key("dur")
        json.double(Double(span.duration) / 1e3)
        json.key("pid")
        json.int(process)
        json.key("tid")
        json.int(lane(for: span, &lanes[span.service, default: []]))
        json.key("args")
        json.beginObject()
        write("trace_id", trace.id, to: &json)
        write("span_id", span.idText, to: &json)
        if !span.message.isEmpty { write("status", span.message, to: &json) }
        for attribute in span.attributes.prefix(span.ownAttributes) { write(attribute.key, attribute.value, to: &json) }
        json.endObject()
        json.endObject()
      }
    }
    json.endArray()
    json.endObject()
    json.newline()
    return json
  }

  private static func writeName(of process: Int, _ name: String, to json: inout JSONWriter) {
    json.beginObject()
    write("name", "process_name", to: &json)
    write("ph", "M", to: &json)
    json.key("pid")
    json.int(process)
    json.key("args")
    json.beginObject()
    write("name", name, to: &json)
    json.endObject()
    json.endObject()
  }

  private static func write(_ name: String, _ value: String, to json: inout JSONWriter) {
    json.key(name)
    json.string(value)
  }

  /// More spans than these at the same time share the last thread.
  private static let maximumLanes = 256

  /// The first lane in which a span stands beside the others or inside of one. A lane is the ends of the spans that are
  /// open in it.
  private static func lane(for span: TraceSpan, _ lanes: inout [[Int64]]) -> Int {
    for index in lanes.indices {
      while let end = lanes[index].last, end <= span.start { lanes[index].removeLast() }
      guard lanes[index].last.map({ span.end <= $0 }) ?? true || index == maximumLanes - 1 else { continue }
      lanes[index].append(span.end)
      return index + 1
    }
    lanes.append([span.end])
    return lanes.count
  }

  /// Deeper frames count for the last one.
  private static let maximumFrames = 200

  /// Folded stacks for flame graphs: the spans from the root down, and the microseconds of the last one's own.
  static func folded(_ traces: [Trace]) -> [String] {
    var stacks: [String: Int64] = [:]
    for trace in traces {
      var paths = [String](repeating: "", count: trace.spans.count)
      var depths = [Int](repeating: 0, count: trace.spans.count)
      for index in trace.tree.order.lazy.map(Int.init) {
        let span = trace.spans[index]
        let frame = StandardErrorLog.oneLine("\(span.service): \(span.name)").replacing(";", with: ",")
        if let parent = trace.parent(of: index) {
          depths[index] = depths[parent] + 1
          paths[index] = depths[index] < maximumFrames ? "\(paths[parent]);\(frame)" : paths[parent]
        } else {
          paths[index] = frame
        }
        stacks[paths[index], default: 0] += trace.selfTime(of: index)
      }
    }
    return stacks.sorted { $0.key < $1.key }.compactMap { path, time in
      let microseconds = time / 1_000
      return microseconds > 0 ? "\(path) \(microseconds)" : nil
    }
  }
}
