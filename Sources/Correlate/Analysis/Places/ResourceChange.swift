/// Whether a service used more of something than before.
enum ResourceChange {
  /// What a number stands for decides which growth of it is one.
  enum Meaning: Sendable {
    /// A share of a limit, or a number of processors.
    case processor
    case throttled
    case memory
    /// Counts that should not grow at all.
    case mishap(String)
    /// Counts that grow when somebody changes something.
    case change(String)
  }

  /// A number at a time, Unix nanoseconds.
  struct Sample: Sendable {
    var time: Int64
    var value: Double
  }

  /// - Parameter boundary: Where the time before ends, Unix nanoseconds.
  static func finding(_ meaning: Meaning, service: String, _ samples: [Sample], boundary: Int64) -> PlaceFinding? {
    let values = samples.filter { $0.value.isFinite }
    let before = values.filter { $0.time < boundary }.map(\.value).sorted()
    let now = values.filter { $0.time >= boundary }.map(\.value)
    guard before.count >= 2, let peak = now.max(), let most = before.last else { return nil }
    let usual = before[before.count / 2]
    let mean = Statistics.mean(before)
    let deviation = (before.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(before.count)).squareRoot()
    let size: Double
    let text: String
    switch meaning {
    case .processor:
      guard peak > usual + max(0.05, 3 * deviation), peak > 1.5 * usual, peak > most * 1.1, peak > 0.3 else {
        return nil
      }
      size = min(1, peak - usual)
      text = "\(service): processor \(NumberText.short(usual)) before, \(NumberText.short(peak)) now"
    case .throttled:
      guard peak > usual + max(0.1, 3 * deviation), peak > 2 * usual, peak > most * 1.1 else { return nil }
      size = min(1, peak - usual) / 2
      text = "\(service): throttled in \(Blame.percent(usual)) of periods before, \(Blame.percent(peak)) now"
    case .memory:
      guard usual > 0, peak > usual + 4 * deviation, peak > 1.5 * usual, peak > most * 1.2 else { return nil }
      size = min(1, ChangeTest.ratioEffect(peak / usual)) / 2
      text = "\(service): memory × \(NumberText.short(peak / usual))"
    case .mishap(let name):
      guard peak >= most + 1 else { return nil }
      size = 0.6
      text = "\(service): \(NumberText.short((peak - most).rounded())) \(name)"
    case .change(let name):
      guard peak >= most + 1 else { return nil }
      // A change alone is no fault and names nobody; beside other evidence it tells what brought it about.
      size = 0.06
      text = "\(service): \(name)"
    }
    return PlaceFinding(
      kind: .resources, service: service, strength: ChangeTest.cap * size, before: usual, now: peak, text: text)
  }
}
