import Libc

/// Hides passwords in the command line of this process, which every user of the machine can read in the process list.
public enum CommandLineMask {
  /// Overwrites `user:password` in every argument that is a URL with one, also behind `--option=` or `name=`.
  ///
  /// Arguments that were read before keep what they say. There is a moment before this in which the password is to be seen,
  /// as with every program.
  ///
  /// - Returns: `false` when there is a password and this system offers no way to hide it.
  public static func hideCredentials(of arguments: [String]) -> Bool {
    guard
      arguments.contains(where: { $0.utf8.withContiguousStorageIfAvailable { credentials(in: $0) != nil } ?? false })
    else { return true }
    return withBytes { bytes in
      for argument in bytes.split(separator: 0) {
        let text = UnsafeMutableBufferPointer(rebasing: bytes[argument.startIndex..<argument.endIndex])
        guard let range = credentials(in: UnsafeBufferPointer(text)) else { continue }
        for index in range { text[index] = UInt8(ascii: "x") }
      }
    }
  }

  /// Where `user:password` stands in an argument: between `scheme://` and the last `@` before the path.
  static func credentials(in argument: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
    var index = 0
    while index + 3 <= argument.count {
      guard argument[index] == UInt8(ascii: ":"), argument[index + 1] == UInt8(ascii: "/"),
        argument[index + 2] == UInt8(ascii: "/")
      else {
        // A URL stands at the beginning or behind an equals sign; anything else with one inside is somebody's text.
        guard isNamePart(argument[index]) else { return nil }
        index += 1
        continue
      }
      let start = index + 3
      let end = argument[start...].firstIndex { "/?#".utf8.contains($0) } ?? argument.endIndex
      guard let at = argument[start..<end].lastIndex(of: UInt8(ascii: "@")) else { return nil }
      return start..<at
    }
    return nil
  }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-_+.=".utf8.contains(byte)
    }
  }

  /// Calls `body` with the memory that the system shows as the command line.
  private static func withBytes(_ body: (UnsafeMutableBufferPointer<UInt8>) -> Void) -> Bool {
    #if canImport(Glibc)
      // Fields 48 and 49 of proc(5) tell where the arguments lie; the second, in parentheses, may hold anything.
      guard let text = try? WholeFile.read(.openForReading("/proc/self/stat"), limit: 4096),
        let name = text.lastIndex(of: UInt8(ascii: ")"))
      else { return false }
      let fields = String(decoding: text[text.index(after: name)...], as: UTF8.self).split(separator: " ")
      guard fields.count > 46, let start = UInt(fields[45]), let end = UInt(fields[46]), start > 0, end > start,
        let pointer = UnsafeMutablePointer<UInt8>(bitPattern: start)
      else { return false }
      body(UnsafeMutableBufferPointer(start: pointer, count: Int(end - start)))
      return true
    #else
      let count = Int(_NSGetArgc().pointee)
      guard let arguments = _NSGetArgv().pointee else { return false }
      for index in 0..<count {
        guard let argument = arguments[index] else { continue }
        let length = strlen(argument)
        argument.withMemoryRebound(to: UInt8.self, capacity: length) {
          body(UnsafeMutableBufferPointer(start: $0, count: length))
        }
      }
      return true
    #endif
  }
}
