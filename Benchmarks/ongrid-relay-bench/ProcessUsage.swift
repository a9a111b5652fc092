#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a process has used, from `/proc`.
struct ProcessUsage {
  /// Processor time in seconds, of user and kernel together.
  let seconds: Double
  /// The most memory it has had resident, in kB.
  let peakKilobytes: Int

  init?(pid: Int) {
    guard pid > 0, let stat = ProcessUsage.read("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else {
      return nil
    }
    let fields = stat[end...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return nil }
    seconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    let status = ProcessUsage.read("/proc/\(pid)/status") ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    peakKilobytes = line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
  }

  private static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 8192)
    let count = fread(&buffer, 1, buffer.count, file)
    return String(decoding: buffer[..<count], as: UTF8.self)
  }
}
