import Backends

/// Names of metrics and labels in PromQL.
enum PromQLName {
  /// Whether a metric's name needs no quotes.
  static func isMetric(_ name: String) -> Bool {
    LabelName.isValid(name.replacing(":", with: "_"))
  }

  /// A label's name, in quotes where it needs them.
  static func label(_ name: String) -> String {
    LabelName.isValid(name) ? name : PromQLString.quoted(name)
  }
}
