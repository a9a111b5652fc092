import Platform

extension DurationText {
  /// A duration to the tenth of a second, at least one.
  static func brief(_ duration: Duration) -> String {
    let tenth = Nanoseconds.perSecond / 10
    return format(max(1, (duration.nanoseconds.addingSaturating(tenth / 2)) / tenth).multipliedSaturating(by: tenth))
  }
}
