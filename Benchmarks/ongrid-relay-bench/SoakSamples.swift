import Libc
import Platform

/// What a relay holds, looked at again and again, and whether that grows.
struct SoakSamples {
  struct Sample {
    /// Resident memory in kB.
    let resident: Int
    /// Open descriptors.
    let descriptors: Int
    /// Bytes of the files in the queue directory.
    let queue: Int
  }

  let pid: Int
  /// Of the relay; empty: it has none.
  let queueDirectory: String
  private(set) var samples: [Sample] = []

  init(pid: Int, queueDirectory: String) {
    self.pid = pid
    self.queueDirectory = queueDirectory
  }

  func look() throws(BenchError) -> Sample {
    guard let usage = ProcessUsage(pid: pid), let descriptors = ProcessUsage.descriptors(pid: pid) else {
      throw BenchError("the relay has gone")
    }
    return Sample(
      resident: usage.residentKilobytes, descriptors: descriptors, queue: ProcessUsage.bytes(in: queueDirectory))
  }

  mutating func add() throws(BenchError) { samples.append(try look()) }

  /// The median of a part of the run, in quarters from 0 to 4.
  private func median(_ from: Double, _ to: Double, _ value: (Sample) -> Int) -> Int {
    let count = Double(samples.count)
    let part = samples[Int(from / 4 * count)..<max(Int(to / 4 * count), Int(from / 4 * count) + 1)].map(value).sorted()
    return part[part.count / 2]
  }

  /// The figures, and what is wrong with them, a line each. `before`: the relay warmed up and without clients; `after`:
  /// without clients again.
  func report(before: Sample, after: Sample) -> (figures: String, complaints: [String]) {
    guard samples.count >= 8 else { return ("", ["too few samples"]) }
    var complaints: [String] = []
    let second = median(1, 2, \.resident)
    let last = median(3, 4, \.resident)
    // What the allocator keeps moves by a few pages without anything being lost.
    if last > second + second / 20 + 512 { complaints.append("memory grows: \(second) kB, then \(last) kB") }
    if after.descriptors > before.descriptors {
      complaints.append("descriptors grow: \(before.descriptors), then \(after.descriptors)")
    }
    let points = [0, samples.count / 4, samples.count / 2, samples.count * 3 / 4, samples.count - 1]
    var figures =
      "resident kB at 0/25/50/75/100 %: \(points.map { String(samples[$0].resident) }.joined(separator: " "))"
    figures += "\nresident kB, median of each quarter: "
    figures += (0..<4).map { String(median(Double($0), Double($0) + 1, \.resident)) }.joined(separator: " ")
    figures += "\ndescriptors without clients: \(before.descriptors) before, \(after.descriptors) after"
    figures += "; most under load: \(samples.map(\.descriptors).max() ?? 0)"
    if !queueDirectory.isEmpty {
      figures += "\nqueue directory kB at 0/25/50/75/100 %: "
      figures +=
        points.map { String(samples[$0].queue / 1024) }.joined(separator: " ") + "; after: \(after.queue / 1024)"
    }
    return (figures, complaints)
  }
}
