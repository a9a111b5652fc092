import Platform
import TestSupport

/// Something that reads bytes from outside, and what must hold whatever they are: it may refuse them, it must not trap,
/// and what it accepts must hold together.
///
/// The suite feeds each target its seeds, damaged copies of them and every finding in `Tests/Fixtures/fuzz`; `make fuzz`
/// lets libFuzzer look for inputs.
struct FuzzTarget: Sendable, CustomStringConvertible {
  let name: String
  /// Where to start: small inputs that are accepted.
  let seeds: @Sendable () throws -> [[UInt8]]
  /// Throws when something does not hold.
  let check: @Sendable (ByteView) throws -> Void

  init(
    _ name: String, seeds: @escaping @Sendable () throws -> [[UInt8]],
    check: @escaping @Sendable (ByteView) throws -> Void
  ) {
    self.name = name
    self.seeds = seeds
    self.check = check
  }

  static let all =
    [
      protobuf, json, spans, head, chunks, grpc, document, stream, compression, traceql, evaluation, rules, yamlRules,
      incident, text, answers, status, state, mcp, queue, seam, yaml,
    ] + formats

  var description: String { name }
}

/// What did not hold.
struct FuzzFailure: Error, CustomStringConvertible {
  let description: String
}

/// Throws unless `condition` holds.
func hold(_ condition: Bool, _ what: @autoclosure () -> String) throws {
  if !condition { throw FuzzFailure(description: what()) }
}

extension ByteView {
  /// Choices that depend on the input alone, so that it fails again alone.
  var choices: SeededRandom {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in 0..<count { hash = (hash ^ UInt64(self[index])) &* 0x100_0000_01b3 }
    return SeededRandom(seed: hash)
  }

  /// The input without its first byte, which chooses one of `count` ways to read the rest.
  func choice(of count: Int) -> (Int, ByteView)? {
    first.map { (Int($0) % count, dropFirst(1)) }
  }
}
