import Foundation
import TestSupport
import Testing

/// Compressed files, archives and directories.
@Suite struct ContainerTests {
  private func spans(_ arguments: [String], input: [UInt8] = []) throws -> (Int?, ProgramResult) {
    let result = try Program.run(["traceql", "--info"] + arguments, input: input)
    let document = try? JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any]
    return (document?["spans"] as? Int, result)
  }

  private func shell(_ command: String, _ directory: TemporaryDirectory) throws {
    let result = try Program.run(
      ["-c", command], executable: "/bin/sh", directory: directory.url.path(percentEncoded: false))
    try #require(result.status == 0, "\(command): \(result.errors)")
  }

  @Test("every compression, and archives of any, also from a pipe")
  func compressions() throws {
    let directory = try TemporaryDirectory()
    try directory.write("a.json", Fixtures.bytes("formats/jaeger-api.json"))
    try directory.write("b.otlp", Fixtures.bytes("cases/zero-frame.otlp"))
    try shell("gzip -k a.json && tar cf plain.tar a.json b.otlp a.json.gz && gzip -k plain.tar", directory)
    for (tool, name) in [("bzip2 -k", "a.json.bz2"), ("xz -k", "a.json.xz"), ("zstd -q", "a.json.zst")] {
      guard (try? shell("command -v \(tool.prefix { $0 != " " })", directory)) != nil else { continue }
      try shell("\(tool) a.json && \(tool) plain.tar", directory)
      #expect(try spans([directory.path(name)]).0 == 3)
      let tar = name.replacingOccurrences(of: "a.json", with: "plain.tar")
      #expect(try spans([directory.path(tar)]).0 == 9)
      let bytes = try Array(Data(contentsOf: URL(filePath: directory.path(tar))))
      #expect(try spans(["-"], input: bytes).0 == 9)
      let cut = try spans(["-"], input: Array(bytes.dropLast(20)))
      #expect(cut.1.status == 4, "\(cut.1.output)")
    }
    #expect(try spans([directory.path("plain.tar")]).0 == 9)
    #expect(try spans([directory.path("plain.tar.gz")]).0 == 9)
    let archive = try Array(Data(contentsOf: URL(filePath: directory.path("plain.tar"))))
    let (count, result) = try spans(["-"], input: Array(archive[..<1500]))
    // What of the first file stands before the cut.
    #expect(count == 2)
    #expect(result.status == 4)
    let refused = try Program.run(["spanmetrics", "-"], input: Array(archive[..<1500]))
    #expect(refused.status == 2)
  }

  @Test("a directory stands for the files in it, each once, and what is left out is said")
  func directories() throws {
    let directory = try TemporaryDirectory()
    try shell("mkdir -p d/deep/deeper && ln -s ../.. d/deep/loop && ln -s nowhere d/gone", directory)
    for name in ["d/a.json", "d/deep/b.json", "d/deep/deeper/c.json", "d/.hidden", "d/x.tmp", "d/y.part", "d/z.bad"] {
      try directory.write(name, Fixtures.bytes("formats/jaeger-api.json"))
    }
    let (count, result) = try spans([directory.path("d")])
    #expect(count == 9)
    for word in ["hidden", "still being written", "set aside", "unreadable", "met before"] {
      #expect(result.output.contains(word), "\(result.output)")
    }
    let metrics = try Program.run(["spanmetrics", directory.path("d")])
    #expect(metrics.status == 0)
    #expect(metrics.errors.contains("left out: "))
  }

  @Test(
    "what is no trace is named for what it looks like",
    arguments: [
      ("a,b,c\n1,2,3\n4,5,6\n", "CSV"), ("PAR1....", "Parquet"), ("groups:\n- name: x\n  rules: []\n", "YAML"),
      ("<!DOCTYPE html><html>", "HTML"), ("{\n  resource: {\n    attributes: {}\n", "JavaScript console output"),
      (#"{"data":["till","stock"],"total":2}"#, "a string"),
      (#"{"data":[{"traceID":"1","spans":[{"traceID":"1","operationName":"x"}]}]}"#, "has no spanID"),
      (
        #"{"data":[{"traceID":"1","spans":[{"traceID":"1","spanID":7}]}]}"#, "in the span at byte 33: expected a string"
      ),
      (#"[{"traceId":"1","id":"G"}]"#, #""G" is no id"#),
      (#"{"data":[{"traceID":"1","spans":{"a":1}}]}"#, "in the trace at byte 9: expected an array"),
      (#"{"data":[{"traceID":"1","spbns":[{"traceID":"1","spanID":"1"}],"processes":{}}]}"#, "has no spans"),
      (
        #"{"traceID":"1","spans":[{"traceID":"1","spanID":"1","processID":"p"}],"processes":{"p":{"tags":[{"key":7}]}}}"#,
        "in the process at byte 103: expected a string"
      ),
      (
        #"{"traceID":"1","spanID":"1","operationName":"o","process":{"serviceName":["a"]}}"#,
        "in the process at byte 73: expected a string"
      ),
      (
        #"{"Name":"n","SpanContext":{"TraceID":"1","SpanID":"1"},"Resource":[{"Key":"a","Value":7}]}"#,
        "in the resource or scope at byte 86: expected an object"
      ),
      (
        #"{"name":"n","context":{"trace_id":"1","span_id":"1"},"resource":{"attributes":[1]}}"#,
        "in the resource at byte 78: expected an object"
      ),
      (#"{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}"#, "trace not found"),
      (#"{"traces":[{"traceID":"1","rootServiceName":"a"}]}"#, "no spans"),
      (#"{"hits":{"hits":[]},"aggregations":{"a":{}}}"#, "aggregations"),
    ] as [(String, String)])
  func refusals(text: String, word: String) throws {
    for command in [["spanmetrics"], ["traceql", "{ }", "-"], ["relay", "--once", "--to", "-"]] {
      let result = try Program.run(command, input: text)
      // A relay has sent the spans of a process that is only partly broken.
      let statuses: [Int32] = command[0] == "relay" && !result.stdout.isEmpty ? [4] : [2]
      #expect(statuses.contains(result.status), "\(command): \(result.errors)")
      #expect(result.errors.contains(word), "\(result.errors)")
    }
  }
}
