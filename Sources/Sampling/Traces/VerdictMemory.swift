import Libc
import Platform

/// Remembers the verdicts on so many traces in memory of a fixed size; what is new takes the place of what is oldest among
/// four.
///
/// Invariant: `entries` is owned and holds `buckets * 4` pairs of numbers, zero where there is nothing.
struct VerdictMemory: ~Copyable {
  private let entries: UnsafeMutablePointer<UInt64>
  private let mask: UInt64
  private static let ways = 4

  /// Room for `buckets` times four traces; a power of two.
  init(buckets: Int) {
    mask = UInt64(buckets - 1)
    let words = buckets * VerdictMemory.ways * 2
    // Pages that nothing was written to take no memory.
    if let memory = calloc(words, 8) {
      entries = memory.bindMemory(to: UInt64.self, capacity: words)
    } else {
      entries = .allocate(capacity: words)
      entries.initialize(repeating: 0, count: words)
    }
  }

  deinit { free(entries) }

  private func bucket(_ hash: UInt64) -> UnsafeMutablePointer<UInt64> {
    entries + Int(truncatingIfNeeded: (hash >> 8) & mask) * VerdictMemory.ways * 2
  }

  func find(_ hash: UInt64) -> Verdict? {
    let bucket = bucket(hash)
    for way in 0..<VerdictMemory.ways where bucket[way * 2] == hash {
      if let verdict = Verdict(packed: bucket[way * 2 + 1]) { return verdict }
    }
    return nil
  }

  mutating func add(_ hash: UInt64, _ verdict: Verdict) {
    let bucket = bucket(hash)
    memmove(bucket + 2, bucket, (VerdictMemory.ways - 1) * 16)
    bucket[0] = hash
    bucket[1] = verdict.packed
  }
}

extension Verdict {
  private static let thresholdBits: UInt64 = 56
  /// In place of a rule's number where there is none.
  private static let noRule: UInt64 = 63

  /// As one number, which is not 0: what it is, the rule up to 63, the threshold.
  var packed: UInt64 {
    switch self {
    case .dropped(let rule): 1 << 62 | Verdict.pack(rule)
    case .kept(let rule): 2 << 62 | Verdict.pack(rule)
    case .sampled(let threshold): 3 << 62 | threshold
    }
  }

  private static func pack(_ rule: Int?) -> UInt64 {
    min(rule.map { UInt64($0) } ?? noRule, noRule) << thresholdBits
  }

  init?(packed: UInt64) {
    let number = packed >> Verdict.thresholdBits & 63
    let rule = number == Verdict.noRule ? nil : Int(number)
    switch packed >> 62 {
    case 1: self = .dropped(rule: rule)
    case 2: self = .kept(rule: rule)
    case 3: self = .sampled(threshold: packed & (1 << Verdict.thresholdBits - 1))
    default: return nil
    }
  }
}
