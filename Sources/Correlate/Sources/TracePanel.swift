import Platform
import Traces

/// What the trace store knows of the service.
struct TracePanel: Sendable {
  /// A trace in a list.
  struct Row: Sendable {
    var id: String
    var rootService: String
    var rootName: String
    var start: Timestamp
    var durationMilliseconds: Double
    /// The failing or slowest span of the service, when it is known.
    var span: String?
    var message: String?
  }

  /// Traces in which the service failed, newest first.
  var errors: [Row] = []
  /// Longest first.
  var slowest: [Row] = []
  /// The worst few as a whole.
  var traces: [Trace] = []
  /// What the suspects are found in.
  var sample = TraceSample()
  /// All spans of the traces through the service, for comparing places; nil when they are not known.
  var compared: ComparedTraces?
  var verdict: PlaceVerdict?
  /// Traces that were not looked at for want of room.
  var leftOut = 0

  static let maximumRows = 20
  /// How many of them a document shows.
  static let shownRows = 6
  static let maximumTraces = 3
}
