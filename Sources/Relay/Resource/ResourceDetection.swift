import Libc
import Platform

/// Attributes of the machine that the relay runs on, under OpenTelemetry's names, from files and the environment alone:
/// nobody is asked over the network.
public struct ResourceDetection: Sendable {
  /// What can be looked for.
  public enum Source: String, CaseIterable, Sendable {
    /// Name, id and architecture of the machine.
    case host
    /// The operating system.
    case os
    /// The id of the container.
    case container
    /// Pod, namespace, node and container of Kubernetes. The name of the pod is its host name; the rest comes from the
    /// service account and from `POD_NAME`, `POD_NAMESPACE`, `POD_UID`, `NODE_NAME` and `CONTAINER_NAME`, which the pod's
    /// specification can fill.
    case k8s
  }

  private let root: String
  private let environment: @Sendable (String) -> String?

  /// - Parameter root: where `/etc`, `/proc` and `/var` are.
  public init(
    root: String = "", environment: @escaping @Sendable (String) -> String? = { getenv($0).map { String(cString: $0) } }
  ) {
    self.root = root
    self.environment = environment
  }

  /// What the sources tell, in their order; what is not there is left out.
  public func attributes(_ sources: [Source]) -> [(name: String, value: String)] {
    sources.flatMap { source in
      switch source {
      case .host: host()
      case .os: os()
      case .container: container()
      case .k8s: kubernetes()
      }
    }
  }

  private func present(_ pairs: [(String, String?)]) -> [(name: String, value: String)] {
    pairs.compactMap { name, value in value.flatMap { $0.isEmpty ? nil : (name, $0) } }
  }

  private func host() -> [(name: String, value: String)] {
    let machine = ResourceDetection.uname { name in
      withUnsafeBytes(of: &name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    let architectures = ["x86_64": "amd64", "aarch64": "arm64", "i686": "x86", "armv7l": "arm32", "ppc64le": "ppc64"]
    return present([
      ("host.name", hostName), ("host.id", text("/etc/machine-id") ?? text("/var/lib/dbus/machine-id")),
      ("host.arch", architectures[machine] ?? machine),
    ])
  }

  private func os() -> [(name: String, value: String)] {
    #if os(Linux)
      let release = settings(text("/etc/os-release") ?? text("/usr/lib/os-release") ?? "")
      return present([
        ("os.type", "linux"), ("os.name", release["NAME"]), ("os.version", release["VERSION_ID"]),
        ("os.description", release["PRETTY_NAME"]),
      ])
    #else
      return present([("os.type", "darwin")])
    #endif
  }

  private static func uname<Result>(_ body: (inout utsname) -> Result) -> Result {
    var name = utsname()
    _ = Libc.uname(&name)
    return body(&name)
  }

  /// The lines `NAME=VALUE` of a file for shells.
  private func settings(_ text: String) -> [String: String] {
    var values: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      guard let equals = line.firstIndex(of: "=") else { continue }
      var value = line[line.index(after: equals)...]
      if value.count >= 2, let quote = value.first, quote == "\"" || quote == "'", value.last == quote {
        value = value.dropFirst().dropLast()
      }
      values[String(line[..<equals])] = String(value)
    }
    return values
  }

  private func container() -> [(name: String, value: String)] {
    present([("container.id", containerID())])
  }

  /// With version 1 of control groups the group's path ends in the id; with version 2 only the files that the runtime
  /// mounts into the container tell it.
  private func containerID() -> String? {
    for line in (text("/proc/self/cgroup") ?? "").split(whereSeparator: \.isNewline) {
      let last = line.split(separator: "/").last ?? ""
      let name = last.hasSuffix(".scope") ? last.dropLast(6) : last
      let id = name.split(separator: "-").last ?? name
      if ResourceDetection.isID(id) { return String(id) }
    }
    for line in (text("/proc/self/mountinfo") ?? "").split(whereSeparator: \.isNewline) {
      let fields = line.split(separator: " ")
      guard fields.count > 4, ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"].contains(fields[4]) else { continue }
      let parts = fields[3].split(separator: "/")
      guard let place = parts.firstIndex(where: { ["containers", "overlay-containers"].contains($0) }) else { continue }
      if place + 1 < parts.count, ResourceDetection.isID(parts[place + 1]) { return String(parts[place + 1]) }
    }
    return nil
  }

  private static func isID(_ text: Substring) -> Bool {
    text.utf8.count == 64 && text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || 0x61...0x66 ~= $0 }
  }

  private func kubernetes() -> [(name: String, value: String)] {
    guard environment("KUBERNETES_SERVICE_HOST") != nil else { return [] }
    return present([
      ("k8s.pod.name", environment("POD_NAME") ?? environment("HOSTNAME")),
      (
        "k8s.namespace.name",
        environment("POD_NAMESPACE") ?? text("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
      ),
      ("k8s.pod.uid", environment("POD_UID")), ("k8s.node.name", environment("NODE_NAME")),
      ("k8s.container.name", environment("CONTAINER_NAME")),
    ])
  }

  /// A small file without the white space around its text.
  private func text(_ path: String) -> String? {
    guard let file = try? FileDescriptor.openForReading(root + path),
      let bytes = try? WholeFile.read(file, limit: 1 << 20)
    else { return nil }
    var text = Substring(decoding: bytes, as: UTF8.self)
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
