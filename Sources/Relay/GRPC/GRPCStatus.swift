/// The status codes of gRPC that the relay answers with.
enum GRPCStatus: Int, Sendable {
  case ok = 0
  case invalidArgument = 3
  case deadlineExceeded = 4
  case resourceExhausted = 8
  case unimplemented = 12
  case internalError = 13
  case unavailable = 14
  case unauthenticated = 16
}
