import JSON

/// The revisions of the protocol that are spoken.
///
/// Since 2026-07-28 there is no handshake: every request says in `_meta` which revision it is written in. Before, a client
/// began with `initialize`. Which of the two a request belongs to shows in the request alone, so that no state is kept.
public enum MCPRevision: Sendable, Equatable {
  /// With a handshake; also for requests that say nothing.
  case handshake
  /// Every request stands for itself.
  case stateless

  /// Newest first.
  public static let statelessVersions = ["2026-07-28"]
  public static let handshakeVersions = ["2025-11-25", "2025-06-18", "2024-11-05"]

  static let versionKey = "io.modelcontextprotocol/protocolVersion"
  static let capabilitiesKey = "io.modelcontextprotocol/clientCapabilities"
  static let serverKey = "io.modelcontextprotocol/serverInfo"

  /// The revision of a request.
  init(of id: MCPRequestID, params: JSONValue?) throws(MCPError) {
    guard let meta = params?["_meta"], let version = meta[MCPRevision.versionKey] else {
      self = .handshake
      return
    }
    guard meta[MCPRevision.capabilitiesKey]?.members != nil else {
      throw MCPError(.invalidParams, "params._meta lacks the object \(MCPRevision.capabilitiesKey)", id: id)
    }
    guard let version = version.string else {
      throw MCPError(.invalidParams, "params._meta: \(MCPRevision.versionKey) must be a string", id: id)
    }
    guard MCPRevision.statelessVersions.contains(version) else {
      throw MCPError(.unsupportedRevision, "unsupported protocol version", id: id, requested: version)
    }
    self = .stateless
  }

  /// The revision that the answer to `initialize` names: the one that was asked for, or else the newest.
  static func negotiated(_ requested: String?) -> String {
    requested.flatMap { handshakeVersions.contains($0) ? $0 : nil } ?? handshakeVersions[0]
  }
}
