import Libc
import Platform

/// What libFuzzer calls. `ongrid-fuzz TARGET [libFuzzer's options]` fuzzes; `ongrid-fuzz --list` names the targets;
/// `ongrid-fuzz --seeds TARGET DIRECTORY` writes where to start.
@MainActor private var chosen = FuzzTarget.protobuf

@_cdecl("LLVMFuzzerInitialize")
@MainActor func initialize(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
  let given = (1..<Int(count.pointee)).compactMap { arguments.pointee[$0].map { String(cString: $0) } }
  switch given.first {
  case "--list":
    print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
    exit(0)
  case "--seeds" where given.count == 3:
    for (index, seed) in ((try? target(given[1]).seeds()) ?? []).enumerated() {
      guard let file = fopen("\(given[2])/seed-\(index)", "w") else { stop("cannot write to \(given[2])") }
      fwrite(seed, 1, seed.count, file)
      fclose(file)
    }
    exit(0)
  case let name?: chosen = target(name)
  case nil: stop("usage: ongrid-fuzz TARGET [OPTIONS]")
  }
  // The rest is libFuzzer's.
  for index in 1..<Int(count.pointee) { arguments.pointee[index] = arguments.pointee[index + 1] }
  count.pointee -= 1
  return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
@MainActor func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do {
    try chosen.check(start.map { ByteView(start: $0, count: count) } ?? .empty)
  } catch {
    fatalError("\(chosen.name): \(error)")
  }
  return 0
}

private func target(_ name: String) -> FuzzTarget {
  guard let target = FuzzTarget.all.first(where: { $0.name == name }) else { stop("there is no target \(name)") }
  return target
}

private func stop(_ message: String) -> Never {
  let line = Array("ongrid-fuzz: \(message)\n".utf8)
  _ = write(STDERR_FILENO, line, line.count)
  exit(2)
}
