/// The encodings of an OTLP message.
enum PayloadFormat: Sendable {
  case protobuf, json

  var contentType: String {
    switch self {
    case .protobuf: "application/x-protobuf"
    case .json: "application/json"
    }
  }
}
