import Foundation

/// Files under Tests/Fixtures.
public enum Fixtures {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures")

  /// Where the fixture `name`, such as `otlp/shop.otlp`, is.
  public static func url(_ name: String) -> URL { root.appendingPathComponent(name) }

  /// The content of the fixture `name`; a missing one fails the test that asks.
  public static func bytes(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: url(name))) }

  /// The content of the fixture `name` as text.
  public static func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }
}
