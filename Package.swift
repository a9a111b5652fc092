// swift-tools-version: 6.2
import PackageDescription

/// A C library the system ships, linked as usual.
///
/// Only libraries that load fast are linked. libcurl, OpenSSL, snappy, libbz2 and liblzma are loaded at first use
/// (`CCurl`, `COpenSSL`, `CSnappy`, `CArchive`): linking them would cost every start of `ongrid` about 6 ms.
func systemLibrary(_ name: String, pkgConfig: String, apt: String, brew: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt]), .brew([brew])])
}

/// A test target and what it tests, with the shared support code.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies + ["TestSupport"])
}

/// Release binaries carry no symbols, which halves them; `ONGRID_SYMBOLS=1` keeps them for profilers. `.build/link` is where
/// `make` puts a static C++ runtime, see Scripts/packages.sh.
let releaseLinking: [LinkerSetting] = [
  .unsafeFlags(
    ["-L\(Context.packageDirectory)/.build/link"]
      + (Context.environment["ONGRID_SYMBOLS"] == nil ? ["-Xlinker", "-s"] : []),
    .when(platforms: [.linux], configuration: .release))
]

/// What `ongrid --version` says beside the release; `make` states it for release builds.
let build: [CSetting] = ["ONGRID_COMMIT", "ONGRID_DATE"].compactMap { name in
  Context.environment[name].map { .define(name, to: "\"\($0)\"") }
}

/// Tests/FuzzTests is a test target, or with `ONGRID_FUZZ=1` (`make fuzz`) a program around libFuzzer.
let fuzzed: [Target.Dependency] = [
  "Relay", "Correlate", "SpanMetrics", "AlertRules", "MetricProfiles", "TraceQL", "Traces", "Backends", "HTTPServer",
  "Transport", "TraceFormats", "OTLP", "MCP", "JSON", "Compression", "Platform", "TestSupport",
]
let fuzzing: Target =
  Context.environment["ONGRID_FUZZ"] == nil
  ? .testTarget(name: "FuzzTests", dependencies: fuzzed, exclude: ["Driver.swift"])
  : .executableTarget(
    name: "ongrid-fuzz", dependencies: fuzzed, path: "Tests/FuzzTests", exclude: ["FuzzTests.swift"])

let package = Package(
  name: "ongrid",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "ongrid", targets: ["ongrid"])
  ],
  targets: [
    .executableTarget(name: "ongrid", dependencies: ["OngridCommands"], linkerSettings: releaseLinking),
    .target(
      name: "OngridCommands",
      dependencies: [
        "Sampling", "Relay", "Correlate", "SpanMetrics", "AlertRules", "MetricProfiles", "TraceQL", "Traces",
        "Backends", "HTTPServer", "Transport", "TraceFormats", "OTLP", "MCP", "JSON", "YAML", "Compression", "TLS",
        "Platform", "CBuild", "CCurl", "CSnappy", "CArchive", "COpenSSL",
      ]),

    .target(name: "Sampling", dependencies: ["Relay", "TraceQL", "Patterns", "TraceFormats", "OTLP", "Platform"]),
    .target(
      name: "Correlate",
      dependencies: ["Backends", "Transport", "TraceQL", "Traces", "TraceFormats", "OTLP", "JSON", "Platform"]),
    .target(
      name: "Relay",
      dependencies: [
        "HTTPServer", "Transport", "TraceFormats", "OTLP", "JSON", "Compression", "TLS", "Platform", "CEvents",
        "CSQLite",
      ]),
    .target(
      name: "SpanMetrics",
      dependencies: [
        "Backends", "MetricProfiles", "Transport", "TraceQL", "TraceFormats", "OTLP", "JSON", "Compression", "Platform",
      ]),
    .target(
      name: "AlertRules",
      dependencies: [
        "Backends", "MetricProfiles", "Transport", "TraceQL", "TraceFormats", "OTLP", "JSON", "YAML", "Platform",
      ]),
    .target(
      name: "Backends",
      dependencies: ["Transport", "TraceQL", "TraceFormats", "OTLP", "JSON", "Platform", "CSnappy"]),
    .target(
      name: "Transport",
      dependencies: ["OTLP", "JSON", "Compression", "TLS", "Platform", "CCurl", "CNghttp2"]),
    .target(name: "TraceQL", dependencies: ["Traces", "TraceFormats", "OTLP", "JSON", "Patterns", "Platform"]),
    .target(name: "Patterns", dependencies: ["Platform", "CPCRE2"]),
    .target(name: "Traces", dependencies: ["OTLP", "Platform"]),
    .target(name: "HTTPServer", dependencies: ["TLS", "Platform", "CEvents", "CNghttp2"]),
    .target(name: "TraceFormats", dependencies: ["OTLP", "JSON", "Compression", "Platform"]),
    .target(name: "OTLP", dependencies: ["JSON", "Platform"]),
    .target(name: "MCP", dependencies: ["JSON", "Platform"]),
    .target(name: "JSON", dependencies: ["Platform"]),
    .target(name: "YAML", dependencies: ["Platform", "CYAML"]),
    .target(name: "Compression", dependencies: ["Platform", "CArchive", "CDeflate", "CZlib", "CZstd"]),
    .target(name: "TLS", dependencies: ["Platform", "COpenSSL"]),
    .target(name: "MetricProfiles"),
    .target(name: "Platform", dependencies: ["Libc"]),
    .target(name: "Libc"),

    systemLibrary("CNghttp2", pkgConfig: "libnghttp2", apt: "libnghttp2-dev", brew: "libnghttp2"),
    systemLibrary("CDeflate", pkgConfig: "libdeflate", apt: "libdeflate-dev", brew: "libdeflate"),
    systemLibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev", brew: "zlib"),
    systemLibrary("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev", brew: "zstd"),
    systemLibrary("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev", brew: "sqlite"),
    systemLibrary("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev", brew: "libyaml"),
    systemLibrary("CPCRE2", pkgConfig: "libpcre2-8", apt: "libpcre2-dev", brew: "pcre2"),
    .target(name: "CArchive"),
    .target(name: "CBuild", cSettings: build),
    .target(name: "CEvents"),
    .target(name: "CCurl"),
    .target(name: "COpenSSL"),
    .target(name: "CSnappy"),

    .executableTarget(name: "ongrid-bench", dependencies: ["Libc"], path: "Benchmarks/ongrid-bench"),
    .executableTarget(
      name: "ongrid-relay-bench", dependencies: ["OTLP", "Compression", "TLS", "Platform", "CNghttp2"],
      path: "Benchmarks/ongrid-relay-bench"),

    .target(name: "TestSupport", dependencies: ["TLS", "Platform"], path: "Tests/TestSupport"),
    fuzzing,
    .testTarget(name: "StructureTests"),
    tests("PlatformTests", ["Platform"]),
    tests("CompressionTests", ["Compression", "CZlib"]),
    tests("JSONTests", ["JSON"]),
    tests("OTLPTests", ["OTLP", "TraceFormats"]),
    tests("TraceFormatsTests", ["TraceFormats", "ongrid"]),
    tests("MCPTests", ["MCP"]),
    tests("TransportTests", ["Transport"]),
    tests("BackendsTests", ["Backends"]),
    tests("TracesTests", ["Traces", "OTLP"]),
    tests("TraceQLTests", ["TraceQL", "Compression", "JSON", "OTLP", "Platform", "TraceFormats", "Traces"]),
    tests("RelayTests", ["Relay", "HTTPServer", "Transport", "OTLP", "Compression", "CZlib", "Platform", "ongrid"]),
    tests(
      "SpanMetricsTests", ["SpanMetrics", "MetricProfiles", "Backends", "Transport", "OTLP", "Platform", "ongrid"]),
    tests("SamplingTests", ["Sampling", "ongrid"]),
    tests("AlertRulesTests", ["AlertRules", "MetricProfiles"]),
    tests("CorrelateTests", ["Correlate"]),
    tests("OngridCommandsTests", ["OngridCommands"]),
    tests("EndToEndTests", ["ongrid"]),
  ],
  swiftLanguageModes: [.v6]
)
