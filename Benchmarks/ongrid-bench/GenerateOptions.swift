/// What `generate` is asked for.
struct GenerateOptions {
  var spans = 500_000
  var seed: UInt64 = 1
  var format = OutputFormat.protobuf
  /// Spans per request, as a batching exporter would group them.
  var batch = 512
  /// Unix seconds of the first trace.
  var start: UInt64 = 1_795_400_000
  var output: String?

  init(arguments: [String]) throws(UsageError) {
    guard arguments.first == "generate" else { throw UsageError("the only command is 'generate'") }
    var rest = arguments.dropFirst()
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { throw UsageError("\(name) needs a value") }
      switch name {
      case "--spans": spans = try number(name, value)
      case "--seed": seed = try number(name, value)
      case "--batch": batch = max(1, try number(name, value))
      case "--start": start = try number(name, value)
      case "--output": output = value
      case "--format":
        guard let chosen = OutputFormat(rawValue: value) else { throw UsageError("unknown format '\(value)'") }
        format = chosen
      default: throw UsageError("unknown option '\(name)'")
      }
    }
  }
}

/// A mistake on the command line.
struct UsageError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

private func number<N: FixedWidthInteger>(_ name: String, _ value: String) throws(UsageError) -> N {
  guard let number = N(value), number >= 0 else { throw UsageError("\(name) needs a number, not '\(value)'") }
  return number
}

/// How requests are written one after the other.
enum OutputFormat: String {
  case protobuf
  case message
  case json
  case csv

  func encode(_ batch: Batch) -> [UInt8] {
    switch self {
    case .message: return ProtobufEncoder.encode(batch)
    case .protobuf:
      let body = ProtobufEncoder.encode(batch)
      let length = UInt32(body.count)
      return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + body
    case .json: return JSONEncoder.encode(batch)
    case .csv: return CSVEncoder.encode(batch)
    }
  }
}
