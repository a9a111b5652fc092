import Foundation
import TestSupport
import Testing

@testable import Relay

/// What files and the environment tell of the machine.
@Suite struct ResourceDetectionTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func detect(
    _ sources: [ResourceDetection.Source], files: [String: String], environment: [String: String] = [:]
  ) throws -> [String: String] {
    for (path, text) in files {
      let url = directory.url.appending(path: path)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: url, atomically: true, encoding: .utf8)
    }
    let detection = ResourceDetection(root: directory.url.path) { environment[$0] }
    return Dictionary(detection.attributes(sources).map { ($0.name, $0.value) }) { $1 }
  }

  @Test("host and operating system")
  func host() throws {
    let found = try detect(
      [.host, .os],
      files: [
        "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
        "etc/os-release":
          "NAME=\"Debian GNU/Linux\"\nVERSION_ID='12'\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
      ])
    #expect(found["host.id"] == "0123456789abcdef0123456789abcdef")
    #expect(found["host.name"]?.isEmpty == false && found["host.arch"]?.isEmpty == false)
    #expect(found["os.type"] == "linux" && found["os.name"] == "Debian GNU/Linux" && found["os.version"] == "12")
    #expect(found["os.description"] == "Debian GNU/Linux 12 (bookworm)")
  }

  private static let id = String(repeating: "0123456789abcdef", count: 4)

  @Test(
    "the id of a container",
    arguments: [
      ("proc/self/cgroup", "11:cpu:/docker/\(id)\n"),
      ("proc/self/cgroup", "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-\(id).scope\n"),
      (
        "proc/self/mountinfo",
        "1 2 8:1 /var/lib/docker/containers/\(id)/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n"
      ),
    ])
  func container(_ path: String, _ text: String) throws {
    #expect(try detect([.container], files: [path: text]) == ["container.id": Self.id])
  }

  @Test("no container, no Kubernetes: nothing")
  func nothing() throws {
    #expect(try detect([.container, .k8s], files: ["proc/self/cgroup": "0::/user.slice\n"]).isEmpty)
  }

  @Test("Kubernetes by the environment and the service account")
  func kubernetes() throws {
    let found = try detect(
      [.k8s], files: ["var/run/secrets/kubernetes.io/serviceaccount/namespace": "shop"],
      environment: ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "cart-1", "NODE_NAME": "node-7"])
    #expect(found == ["k8s.pod.name": "cart-1", "k8s.namespace.name": "shop", "k8s.node.name": "node-7"])
  }

  @Test("detected attributes are set on what passes, and those that are said win")
  func spliced() throws {
    let file = directory.path("out.jsonl")
    let relay = try RelayProcess([
      "--to", "file:\(file)", "--resource-detect", "host,os", "--resource", "os.type=plan9",
    ])
    let client = try RawClient(port: Int(relay.http.split(separator: ":")[1]) ?? 0)
    let body = Spans.request(1, seed: 1)
    client.write(
      "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: \(body.count)\r\n\r\n"
    )
    client.write(body)
    #expect(try client.response().status == 200)
    #expect(try relay.stop().status == 0)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(text.contains("\"host.name\"") && text.contains("plan9") && !text.contains("\"linux\""))
  }
}
