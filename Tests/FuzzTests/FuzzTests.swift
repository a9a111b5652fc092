import Foundation
import Platform
import TestSupport
import Testing

/// Everything that reads bytes from outside, fed with its seeds, with what libFuzzer has found, and with damaged input.
@Suite struct FuzzTests {
  @Test("the seeds hold", arguments: FuzzTarget.all)
  func seeds(_ target: FuzzTarget) throws {
    for seed in try target.seeds() { try check(target, seed) }
    try check(target, [])
  }

  @Test("what fuzzing has found holds now", arguments: FuzzTarget.all)
  func findings(_ target: FuzzTarget) throws {
    let directory = Fixtures.url("fuzz/\(target.name)")
    for file in (try? FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)) ?? [] {
      try check(target, Array(Data(contentsOf: file)), file.lastPathComponent)
    }
  }

  /// `ONGRID_FUZZ_ROUNDS` asks for more than a test run has time for.
  private static let rounds = ProcessInfo.processInfo.environment["ONGRID_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 1000

  @Test("damaged input holds", arguments: FuzzTarget.all)
  func damage(_ target: FuzzTarget) throws {
    let seeds = try target.seeds()
    var random = SeededRandom()
    for _ in 0..<Self.rounds {
      try check(target, damaged(seeds.randomElement(using: &random) ?? [], &random), random.note)
    }
  }

  private func check(_ target: FuzzTarget, _ bytes: [UInt8], _ note: String = "") throws {
    do {
      try bytes.withByteView { try target.check($0) }
    } catch {
      Issue.record("\(note) \(error)\ninput: \(Data(bytes).base64EncodedString())")
      throw error
    }
  }

  private func damaged(_ seed: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var bytes = seed
    for _ in 0..<Int.random(in: 0...8, using: &random) {
      let index = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0...6, using: &random) {
      case 0 where !bytes.isEmpty: bytes[index] = UInt8.random(in: 0...255, using: &random)
      case 1 where !bytes.isEmpty: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
      case 3 where !bytes.isEmpty: bytes.remove(at: index)
      case 4: bytes = Array(bytes[..<index])
      case 5 where !bytes.isEmpty: bytes[index] = [0x00, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
      default:
        let end = min(index + Int.random(in: 0...40, using: &random), bytes.count)
        bytes.insert(contentsOf: bytes[index..<end], at: index)
      }
    }
    return bytes
  }
}
