/// Something that failing or slow traces have in common and others have not.
public struct Suspect: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    /// A value of an attribute.
    case attribute
    /// Requests through one operation.
    case operation
    /// A service or other dependency in which the trouble begins.
    case dependency
    /// A span whose time on the critical path grew.
    case criticalPath = "critical_path"
    /// A service of which places changed; `findings` say which.
    case change
  }

  /// So many of so many traces.
  public struct Share: Sendable, Equatable {
    public var count: Int
    public var total: Int
  }

  public var kind: Kind
  /// The service whose spans show it.
  public var service: String
  public var attribute: String?
  public var value: String?
  /// A span's name.
  public var span: String?
  /// Where the trouble of the traces with this attribute begins.
  public var dependency: String?
  /// Failing or slow traces that have it.
  public var bad: Share?
  /// Traces it is compared with: the rest of the window, or the baseline.
  public var rest: Share?
  /// How many times more frequent it is among the bad ones.
  public var lift: Double?
  /// Mean time on the critical path, milliseconds.
  public var beforeMilliseconds: Double?
  public var nowMilliseconds: Double?
  /// Other attributes that the same traces have in common.
  public var also: [String] = []
  /// Places that changed, most telling first.
  public var findings: [PlaceFinding] = []
  /// How far to trust it, between 0 and 1.
  public var confidence: Double?
  /// A sentence for people.
  public var text = ""
  /// For ranking; larger is more telling.
  var score = 0.0
}
