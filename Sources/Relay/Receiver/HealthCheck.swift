import HTTPServer
import OTLP
import Platform

/// `grpc.health.v1.Health`, which orchestrators and load balancers ask. It needs no token: they have none.
struct HealthCheck: Sendable {
  static let path = "/grpc.health.v1.Health/Check"

  /// Whether requests are taken at the moment.
  let isServing: @Sendable () -> Bool
  /// Names of the services that can be asked for; the empty name is the whole server.
  private let services: Set<String>

  init(_ signals: Set<OTLPSignal>, isServing: @escaping @Sendable () -> Bool) {
    self.isServing = isServing
    services = Set(signals.map { String($0.grpcPath.dropFirst().prefix { $0 != "/" }) }).union([""])
  }

  /// The answer to a HealthCheckRequest (service = 1): a HealthCheckResponse (status = 1: SERVING = 1, NOT_SERVING = 2).
  func answer(_ request: ByteView) -> ServerResponse {
    var service = ""
    do throws(WireError) {
      var cursor = WireCursor(request)
      while let tag = try cursor.nextTag() {
        if tag == WireTag(field: 1, .lengthDelimited) {
          service = String(try cursor.bytes())
        } else {
          try cursor.skip(tag)
        }
      }
    } catch {
      return .grpc(status: 3, message: "\(error)")
    }
    guard services.contains(service) else { return .grpc(status: 5, message: "unknown service \(service.prefix(200))") }
    return .grpc(message: [0x08, isServing() ? 1 : 2])
  }
}
