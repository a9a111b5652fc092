import Platform

/// Time in slots: those of the baseline, then those of the window.
struct TimeGrid: Sendable {
  /// Unix nanoseconds.
  let start: Int64
  let windowStart: Int64
  let end: Int64
  /// How many slots lie before the window.
  let baselineSlots: Int
  let windowSlots: Int

  private static let most = 30
  private static let mostBefore = 40

  /// Spans what there is data for, within the baseline and the window.
  init(start: Int64, windowStart: Int64, end: Int64) {
    let end = max(end, start.addingSaturating(1))
    let windowStart = min(max(windowStart, start), end)
    self.start = start
    self.windowStart = windowStart
    self.end = end
    let inWindow = end.subtractingSaturating(windowStart)
    let before = windowStart.subtractingSaturating(start)
    // A slot of less than a second would tell nothing.
    let second = Nanoseconds.perSecond
    windowSlots = inWindow > 0 ? Int(min(Int64(TimeGrid.most), max(1, inWindow / second))) : 0
    let slot = windowSlots > 0 ? max(1, inWindow / Int64(windowSlots)) : second
    baselineSlots =
      before > 0 ? Int(min(Int64(TimeGrid.mostBefore), max(1, max(before / slot, min(6, before / second))))) : 0
  }

  var slots: Int { baselineSlots + windowSlots }

  /// The slot of a time; nil outside.
  func slot(of time: Int64) -> Int? {
    guard time >= start, time < end else { return nil }
    if time < windowStart {
      return part(time &- start, of: windowStart &- start, in: baselineSlots)
    }
    return baselineSlots + part(time &- windowStart, of: end &- windowStart, in: windowSlots)
  }

  private func part(_ offset: Int64, of length: Int64, in count: Int) -> Int {
    guard count > 0, length > 0 else { return 0 }
    return min(count - 1, Int(Double(offset) / Double(length) * Double(count)))
  }

  /// When a slot begins, Unix nanoseconds.
  func begin(of slot: Int) -> Int64 {
    slot <= baselineSlots && baselineSlots > 0
      ? start &+ Int64(saturating: Double(windowStart &- start) * Double(slot) / Double(baselineSlots))
      : windowStart
        &+ Int64(saturating: Double(end &- windowStart) * Double(slot - baselineSlots) / Double(max(1, windowSlots)))
  }

  /// Slots in a row that may hold a fault, against all before them.
  struct Interval: Hashable, Sendable {
    var from: Int
    var to: Int
  }

  /// The window as a whole first, then its ends, then stretches within it.
  var intervals: [Interval] {
    let total = slots
    // Without a baseline of its own, the first quarter of the window serves as one.
    let earliest = baselineSlots >= 2 ? baselineSlots : max(baselineSlots, max(1, total / 4))
    guard earliest < total else { return [] }
    var result = (earliest..<total).map { Interval(from: $0, to: total) }
    for length in [2, 3, 4, 6, 9, 13, 19] {
      for from in stride(from: earliest, to: total - length, by: max(1, length / 3)) {
        result.append(Interval(from: from, to: from + length))
      }
    }
    return result
  }
}
