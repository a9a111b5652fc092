import Libc

/// What a process has used and holds, from `/proc`.
struct ProcessUsage {
  /// Processor time in seconds, of user and kernel together.
  let seconds: Double
  /// The most memory it has had resident, in kB.
  let peakKilobytes: Int
  /// Memory that is resident now, in kB.
  let residentKilobytes: Int

  init?(pid: Int) {
    guard pid > 0, let stat = ProcessUsage.read("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else {
      return nil
    }
    let fields = stat[end...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return nil }
    seconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    let status = (ProcessUsage.read("/proc/\(pid)/status") ?? "").split(separator: "\n")
    func value(_ name: String) -> Int {
      status.first { $0.hasPrefix(name) }.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }
    peakKilobytes = value("VmHWM:")
    residentKilobytes = value("VmRSS:")
  }

  /// How many descriptors the process has open.
  static func descriptors(pid: Int) -> Int? { entries("/proc/\(pid)/fd")?.count }

  /// The bytes of the files of a directory; 0 without one.
  static func bytes(in directory: String) -> Int {
    (entries(directory) ?? []).reduce(0) { sum, name in
      var status = stat()
      return sum + (stat("\(directory)/\(name)", &status) == 0 ? Int(status.st_size) : 0)
    }
  }

  private static func entries(_ path: String) -> [String]? {
    guard !path.isEmpty, let directory = opendir(path) else { return nil }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  private static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 8192)
    let count = fread(&buffer, 1, buffer.count, file)
    return String(decoding: buffer[..<count], as: UTF8.self)
  }
}
