extension ServerResponse {
  /// The answer to a gRPC call that succeeded: the message in its frame, and the status in the trailer.
  public static func grpc(message: [UInt8]) -> ServerResponse {
    let size = UInt32(truncatingIfNeeded: message.count)
    var response = ServerResponse(status: 200, fields: [("content-type", "application/grpc")])
    response.body = [0] + (0..<4).map { UInt8(truncatingIfNeeded: size >> UInt32(24 - 8 * $0)) } + message
    response.trailers = [("grpc-status", "0")]
    return response
  }

  /// The answer to a gRPC call that failed.
  ///
  /// - Parameters:
  ///   - status: the number of a gRPC status code other than OK.
  ///   - message: any text.
  public static func grpc(status: Int, message: String) -> ServerResponse {
    var response = ServerResponse(status: 200, fields: [("content-type", "application/grpc")])
    response.trailers = [("grpc-status", String(status)), ("grpc-message", GRPCText.percentEncoded(message))]
    return response
  }
}
