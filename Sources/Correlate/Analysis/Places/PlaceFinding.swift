/// A place that changed, and whom it speaks against.
public struct PlaceFinding: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case time, calls, errors, logs, resources
  }

  public var kind: Kind
  /// The service that it speaks against.
  public var service: String
  /// How much it says: the evidence, at most 60, by the size of the change.
  public var strength: Double
  /// Medians in milliseconds, or shares.
  public var before: Double?
  public var now: Double?
  /// A sentence for people.
  public var text: String
}

/// A service with what speaks against it.
struct ServiceVerdict: Sendable {
  var service: String
  var total: Double
  /// Most telling first.
  var findings: [PlaceFinding]
}

/// What comparing places came to.
struct PlaceVerdict: Sendable {
  var services: [ServiceVerdict] = []
  /// When it began, with the range it can be told to; nil without a suspect.
  var onset: Onset?
  /// Why nobody is named.
  var reason: String?
  /// How many traces of the service were compared.
  var tracesNow = 0
  var tracesBefore = 0

  struct Onset: Sendable {
    /// Unix nanoseconds.
    var time: Int64
    var earliest: Int64
    var latest: Int64
    /// When it was over; nil when it lasted to the end.
    var end: Int64?
  }
}
